// A client's whole work with a video, as the published client does it; prints what it saw.
const OpenAI = require("openai");
const { toFile } = OpenAI;

const { url, key, picture } = JSON.parse(process.argv[2]);
const client = new OpenAI({ apiKey: key, baseURL: `${url}/v1`, maxRetries: 0 });

async function main() {
  const file = await toFile(Buffer.from(picture, "base64"), "boat.png", { type: "image/png" });
  let video = await client.videos.create({ model: "sora-2-pro", prompt: "a paper boat", seconds: "8", input_reference: file });
  const created = video;
  while (["queued", "in_progress"].includes(video.status)) {
    await new Promise((resume) => setTimeout(resume, 20));
    video = await client.videos.retrieve(video.id);
  }
  const content = Buffer.from(await (await client.videos.downloadContent(video.id)).arrayBuffer());
  const remix = await client.videos.remix(video.id, { prompt: "at night" });
  const extension = await client.videos.extend({ video: { id: video.id }, prompt: "and on", seconds: "4" });
  const edit = await client.videos.edit({ video: { id: video.id }, prompt: "in snow" });
  const listed = [];
  for await (const each of client.videos.list({ limit: 1 })) listed.push(each.id);
  const deleted = await client.videos.delete(video.id);
  const gone = await client.videos.retrieve(video.id).then(() => 200, (error) => error.status);
  console.log(JSON.stringify({ created, video, content: content.toString("base64"), remix, extension, edit, listed, deleted, gone }));
}

main();

// All that holds the line open, as the published client asks for it; prints what it saw.
const OpenAI = require("openai");
const { toFile } = require("openai");

const { url, key, sound } = JSON.parse(process.argv[2]);
const client = new OpenAI({ apiKey: key, baseURL: `${url}/v1`, maxRetries: 0 });
const model = "gpt-4o-mini";
const messages = [{ role: "user", content: "Why do lighthouses blink?" }];
const parameters = { type: "object", properties: { city: { type: "string" } } };
const tools = [{ type: "function", function: { name: "get_weather", parameters } }];

async function main() {
  const file = await toFile(Buffer.from(sound, "base64"), "talk.mp3");
  const asked = [{ role: "user", content: "What is the weather in Bergen?" }];
  const [chat, tool, response, picture, speech, heard, numbers] = await Promise.all([
    client.chat.completions.create({ model, messages }),
    client.chat.completions.stream({ model, messages: asked, tools }).finalChatCompletion(),
    client.responses.create({ model, input: "Tell me of boats." }),
    client.images.generate({ model: "flux-dev", prompt: "a boat" }),
    client.audio.speech.create({ model: "tts-1", voice: "nova", input: "Hello." }),
    client.audio.transcriptions.create({ model: "whisper-1", file }),
    client.embeddings.create({ model: "text-embedding-3-small", input: "a boat" }),
  ]);
  const seen = {
    chat: chat.choices[0].message.content,
    tool: tool.choices[0].message.tool_calls[0].function.name,
    response: response.output_text,
    picture: picture.data[0].url,
    speech: Buffer.from(await speech.arrayBuffer()).subarray(0, 3).toString("hex"),
    heard: heard.text,
    numbers: numbers.data[0].embedding.length,
  };
  console.log(JSON.stringify(seen));
}

main();

// A client's work with language models, as the published client does it; prints what it saw.
const OpenAI = require("openai");

const { url, key } = JSON.parse(process.argv[2]);
const client = new OpenAI({ apiKey: key, baseURL: `${url}/v1`, maxRetries: 0 });
const model = "gpt-4o-mini";
const messages = [{ role: "user", content: "What is the weather in Kraków?" }];
const parameters = { type: "object", properties: { city: { type: "string" } } };
const tools = [{ type: "function", function: { name: "get_weather", parameters } }];

async function main() {
  const stream = client.chat.completions.stream({ model, messages, tools, stream_options: { include_usage: true } });
  const { choices, usage } = await stream.finalChatCompletion();
  const call = choices[0].message.tool_calls[0].function;
  const plain = await client.responses.create({ model, input: "Tell me of boats." });
  let text = "";
  let last;
  for await (const event of await client.responses.create({ model, input: "Tell me of boats.", stream: true })) {
    if (event.type === "response.output_text.delta") text += event.delta;
    last = event;
  }
  const stranger = new OpenAI({ apiKey: "sk-EXAMPLE-nobody", baseURL: `${url}/v1`, maxRetries: 0 });
  const refused = await stranger.responses.create({ model, input: "a" }).then(() => "", (error) => error.constructor.name);
  const told = { name: call.name, arguments: JSON.parse(call.arguments), tokens: usage.total_tokens };
  console.log(JSON.stringify({ ...told, text, whole: plain.output_text, last: last.type, refused }));
}

main();

// Checks a webhook as the published client does: prints the event's type, or the name of the error.
const OpenAI = require("openai");

const { body, headers, secret, tolerance } = JSON.parse(process.argv[2]);
const client = new OpenAI({ apiKey: "sk-EXAMPLE", webhookSecret: secret });
client.webhooks
  .unwrap(body, headers, secret, tolerance)
  .then((event) => event.type, (error) => error.constructor.name)
  .then((said) => console.log(JSON.stringify(said)));

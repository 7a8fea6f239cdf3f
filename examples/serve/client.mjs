// Draw a picture by a server, with nothing but Node 18: node client.mjs "a cat" picture.png
// DALLE_URL and DALLE_KEY say where the server is, and who asks.
import { writeFile } from "node:fs/promises";

const [prompt = "a cat", out = "picture.png"] = process.argv.slice(2);
const url = process.env.DALLE_URL ?? "http://127.0.0.1:8000";
const key = process.env.DALLE_KEY ?? "none";

const answer = await fetch(`${url}/v1/images/generations`, {
  method: "POST",
  headers: { "Content-Type": "application/json", Authorization: `Bearer ${key}` },
  body: JSON.stringify({ prompt, seed: 3 }),
});
const found = await answer.json();
if (!answer.ok) {
  console.error(found.error.message);
  process.exit(1);
}
const [image] = found.data;
await writeFile(out, Buffer.from(image.b64_json, "base64"));
console.log(out);
if (image.unread) console.error(`not understood: ${image.unread}`);

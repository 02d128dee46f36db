// Prints what Lighthouse finds on each page that is named, for a phone: a line of JSON for each.
import { launch } from "chrome-launcher";
import lighthouse from "lighthouse";

const chrome = await launch({ chromeFlags: ["--headless=new", "--no-sandbox"] });
for (const url of process.argv.slice(2)) {
  const { lhr } = await lighthouse(url, { port: chrome.port, disableFullPageScreenshot: true });
  console.log(JSON.stringify(lhr));
}
await chrome.kill();

// Eleventy's settings for the site that leadpages builds from the same posts.
const MONTHS = "January February March April May June July August September October November December".split(" ");

const newestFirst = (api) => api.getFilteredByGlob("src/posts/*.md").reverse();

function byTag(posts) {
  const found = new Map();
  for (const post of posts)
    for (const tag of post.data.tags) {
      if (!found.has(tag)) found.set(tag, []);
      found.get(tag).push(post);
    }
  return [...found].sort().map(([name, posts]) => ({ name, posts }));
}

export default function (config) {
  config.addCollection("posts", newestFirst);
  config.addCollection("tagPages", (api) => byTag(newestFirst(api)));
  config.addFilter("slug", (text) => text.toLowerCase().replace(/[^a-z0-9]+/g, "-"));
  config.addFilter("day", (date) => date.toISOString().slice(0, 10));
  config.addFilter("long_day", (date) => `${date.getUTCDate()} ${MONTHS[date.getUTCMonth()]} ${date.getUTCFullYear()}`);
  config.addFilter("mail_day", (date) => date.toUTCString());
  config.addFilter("latest", (posts) => posts.slice(0, 20));
  return { dir: { input: "src", output: "_site" }, markdownTemplateEngine: false };
}

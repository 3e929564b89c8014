import * as Finding from "../Finding.ts"

/** `search text="TEXT"`: the newest 50 items with all of these words, or words that begin so, in name or comments. */
export default Finding.command("search", ({ text }, store) => store.search(text))

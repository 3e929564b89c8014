import * as Finding from "../Finding.ts"

/** `list`, `list page="PAGE"`: fifty items, newest first. */
export default Finding.command("list", ({ page = 1 }, store) => store.list(Number(page)))

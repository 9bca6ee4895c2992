// The files of what was dropped or chosen, with their paths, and their way to the server.
import { post, Problem, upload } from "/static/lib/api.js";

const AT_ONCE = 3; // requests
const PACK_BYTES = 4 << 20, PACK_FILES = 500;
const isHidden = (path) => path.split("/").some((part) => part.startsWith(".") || part === "__MACOSX" || part === "Thumbs.db");

// A list of { path, file }: hidden files are left out, and so is a folder that holds all the others.
export function named(files) {
  const seen = files.filter(({ path }) => !isHidden(path));
  const tops = new Set(seen.map(({ path }) => path.split("/")[0]));
  const [top] = tops;
  if (seen.length === 1) return { name: seen[0].file.name, files: [{ path: seen[0].file.name, file: seen[0].file }] };
  if (tops.size > 1) return { name: "pictures", files: seen };
  return { name: top ?? "pictures", files: seen.map(({ path, file }) => ({ path: path.slice(top.length + 1), file })) };
}

export const chosen = (input) => named([...input.files].map((file) => ({ path: file.webkitRelativePath || file.name, file })));

export async function dropped(transfer) {
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry?.() ?? item.getAsFile()).filter(Boolean);
  return named((await Promise.all(entries.map(within))).flat());
}

async function within(entry) {
  if (entry instanceof File) return [{ path: entry.name, file: entry }];
  if (entry.isFile) {
    const file = await new Promise((resolve, reject) => entry.file(resolve, reject));
    return [{ path: entry.fullPath.replace(/^\//, ""), file }];
  }
  const reader = entry.createReader(), found = [];
  for (;;) { // a reader hands out a hundred at a time
    const some = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
    if (!some.length) return (await Promise.all(found.map(within))).flat();
    found.push(...some);
  }
}

// Sends all files and returns the upload's id; `onProgress` is told { files, bytes, of } while `wanted` says true.
export async function send({ name, files }, limits, onProgress, wanted) {
  const total = files.reduce((sum, { file }) => sum + file.size, 0);
  const byPath = "Name their path on this machine instead: nothing is copied then.";
  if (!files.length) throw new Problem("There are no files in it.", "Choose a folder or a zip with pictures in it.");
  if (total > limits.most_bytes || files.length > limits.most_files) throw new Problem("These are too many to be copied.", byPath);
  const { id } = await post("uploads", { name });
  const waiting = packs(files), sent = { files: 0, bytes: 0, of: total };
  const work = async () => {
    for (let pack = waiting.shift(); pack && wanted(); pack = waiting.shift()) {
      const bytes = pack.reduce((sum, { file }) => sum + file.size, 0);
      let told = 0;
      const tell = (share) => {
        sent.bytes += (share - told) * bytes;
        told = share;
        onProgress({ ...sent });
      };
      const list = JSON.stringify(pack.map(({ path, file }) => [path, file.size]));
      try {
        await upload(`uploads/${id}/files`, new Blob([list, "\n", ...pack.map(({ file }) => file)]), tell);
      } catch (failure) {
        waiting.length = 0;
        throw failure;
      }
      sent.files += pack.length;
      tell(1);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return wanted() ? id : null;
}

// Small files go together, for each request takes its time.
function packs(files) {
  const made = [];
  let bytes = Infinity;
  for (const one of files) {
    if (bytes + one.file.size > PACK_BYTES || made.at(-1).length === PACK_FILES) {
      made.push([]);
      bytes = 0;
    }
    made.at(-1).push(one);
    bytes += one.file.size;
  }
  return made;
}

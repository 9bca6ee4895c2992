// The shell: which page an address shows, the navigation, and moving between pages without loading anew.
import { html, render, useEffect, useState, useErrorBoundary } from "/static/vendor/preact-htm.js";
import { Busy, Page, Problem } from "/static/lib/ui.js";

const PAGES = [
  [/^\/$/, "runs", "/"],
  [/^\/runs\/([^/]+)$/, "run", "/"],
  [/^\/compare$/, "compare", "/"],
  [/^\/new$/, "new", "/new"],
  [/^\/models$/, "models", "/models"],
  [/^\/models\/([^/]+)$/, "model", "/models"],
  [/^\/models\/([^/]+)\/explore$/, "explore", "/models"],
  [/^\/models\/([^/]+)\/brush$/, "brush", "/models"],
  [/^\/augment$/, "augment", "/augment"],
  [/^\/playground$/, "playground", "/playground"],
];
const NAV = [["/", "Runs"], ["/new", "New run"], ["/models", "Models"], ["/augment", "Augment"], ["/playground", "Playground"]];

const here = () => location.pathname + location.search;

function find(address) {
  const { pathname, searchParams } = new URL(address, location.origin);
  for (const [pattern, name, section] of PAGES) {
    const found = pattern.exec(pathname);
    if (found) return { name, section, id: found[1] && decodeURIComponent(found[1]), query: Object.fromEntries(searchParams) };
  }
  return { name: null, section: null, query: {} };
}

export function go(address, { replace = false } = {}) {
  if (address === here()) return;
  history[replace ? "replaceState" : "pushState"](null, "", address);
  dispatchEvent(new Event("moved"));
}

function followLinks(event) {
  const link = event.target.closest?.("a[href]");
  const modified = event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey;
  if (!link || modified || event.defaultPrevented || link.target || link.hasAttribute("download")) return;
  if (link.origin !== location.origin || link.hash || find(link.href).name === null) return;
  event.preventDefault();
  go(link.pathname + link.search);
  scrollTo(0, 0);
}

function Shell() {
  const [address, setAddress] = useState(here());
  useEffect(() => {
    const moved = () => setAddress(here());
    for (const name of ["popstate", "moved"]) addEventListener(name, moved);
    document.addEventListener("click", followLinks);
    return () => {
      for (const name of ["popstate", "moved"]) removeEventListener(name, moved);
      document.removeEventListener("click", followLinks);
    };
  }, []);
  const place = find(address);
  return html`
    <a class="skip" href="#main">To the content</a>
    <header class="shell">
      <a class="brand" href="/"><img src="/static/icon.svg" alt="" width="24" height="24" />gansmith</a>
      <nav aria-label="Pages">
        ${NAV.map(([to, text]) => html`<a href=${to} aria-current=${place.section === to ? "page" : undefined}>${text}</a>`)}
      </nav>
    </header>
    <main id="main" tabindex="-1"><${Guarded} key=${`${place.name} ${place.id ?? ""}`} place=${place} /></main>
  `;
}

function Guarded({ place }) {
  const [module, setModule] = useState(null);
  const [failure, setFailure] = useState(null);
  const [error] = useErrorBoundary((thrown) => console.error(thrown));
  useEffect(() => {
    if (place.name) import(`/static/pages/${place.name}.js`).then(setModule, setFailure);
  }, []);
  if (!place.name) {
    const problem = { error: "There is no such page.", remedy: "The pages are in the bar above." };
    return html`<${Page} title="Not found"><${Problem} problem=${problem} /><//>`;
  }
  if (error || failure) {
    const problem = { error: `This page cannot be shown: ${(error || failure).message}.`, remedy: "Reload it; the terminal of the studio may say more." };
    return html`<${Page} title="A problem"><${Problem} problem=${problem} /><//>`;
  }
  if (!module) return html`<${Busy} text="Loading the page" />`;
  return html`<${module.default} id=${place.id} query=${place.query} go=${go} />`;
}

render(html`<${Shell} />`, document.getElementById("app"));

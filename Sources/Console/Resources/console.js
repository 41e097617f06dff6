// What the pages of the console do besides, where scripts run: figures that change by themselves, and shortcuts. Without it they are whole.
"use strict";
(() => {
  const live = document.querySelector("[data-feed]");
  if (live && "EventSource" in window) watch(live);
  document.addEventListener("keydown", press);

  /** Has the parts of the page replaced as the hub tells of them, while the page is seen and nobody has stopped it. */
  function watch(state) {
    let feed = null;
    let isStopped = false;
    const say = (text) => { if (state.textContent !== text) state.textContent = text; };
    const close = () => { feed?.close(); feed = null; };
    const open = () => {
      if (feed || isStopped || document.hidden) return;
      feed = new EventSource(state.dataset.feed);
      feed.addEventListener("parts", (event) => {
        const { title, elements } = JSON.parse(event.data);
        if (title) document.title = title;
        for (const [id, html] of Object.entries(elements)) replace(id, html);
        say("");
      });
      feed.addEventListener("stale", () => say("The hub cannot read its figures now: these are old."));
      feed.addEventListener("ended", () => {
        close();
        isStopped = true;
        say("You are signed out, since no page was opened for a while. The figures stand still; load the page to sign in again.");
      });
      feed.addEventListener("error", () => say(feed?.readyState === EventSource.CLOSED
        ? "The figures stand still: load the page again." : "The connection is lost: these figures are old. It is tried again."));
    };
    const stop = make("button", { type: "button", class: "quiet" }, "Stop updating");
    stop.addEventListener("click", () => {
      isStopped = !isStopped;
      stop.textContent = isStopped ? "Go on updating" : "Stop updating";
      say(isStopped ? "The figures stand still." : "");
      if (isStopped) close(); else open();
    });
    state.after(" ", stop);
    // Of one host a browser holds few connections for all of its pages.
    document.addEventListener("visibilitychange", () => document.hidden ? close() : open());
    addEventListener("pagehide", close);
    addEventListener("pageshow", open);
    open();
  }

  /** Puts what the hub has rendered, and escaped, in place of what an element holds; whoever stands on a link there goes on standing on it. */
  function replace(id, html) {
    const part = document.getElementById(id);
    if (!part) return;
    const held = part.contains(document.activeElement) ? document.activeElement.getAttribute("href") : null;
    part.innerHTML = html;
    if (held) part.querySelector(`a[href="${held.replace(/["\\]/g, "\\$&")}"]`)?.focus({ preventScroll: true });
  }

  let first = "";
  /** Single keys, as long as they are not switched off and nobody types. */
  function press(event) {
    if (event.ctrlKey || event.altKey || event.metaKey || event.isComposing) return;
    if (event.target.closest?.("input:not([type=radio], [type=checkbox]), textarea, select, dialog")) return;
    const isOff = document.cookie.split("; ").includes("hub-shortcuts=off");
    if (event.key === "?") return event.preventDefault(), explain(isOff);
    if (isOff) return;
    if (event.key === "/") {
      const field = document.querySelector("main input[type=text], main input[type=search]");
      if (field) event.preventDefault(), field.focus();
    } else if (first === "g") {
      document.querySelector(`header nav a[data-key="${CSS.escape(event.key)}"]`)?.click();
    }
    first = event.key === "g" && first !== "g" ? "g" : "";
  }

  /** Shows the shortcuts of this page. */
  function explain(isOff) {
    if (document.querySelector("dialog[open]")) return;
    const dialog = make("dialog", { "aria-labelledby": "shortcuts" });
    const list = make("dl");
    const keys = [["?", "Show this"], ["/", "Go to the first field of the page"]];
    for (const link of document.querySelectorAll("header nav a[data-key]"))
      keys.push([`g ${link.dataset.key}`, link.textContent]);
    for (const [key, text] of keys) {
      const row = make("div");
      const term = make("dt");
      term.append(...key.split(" ").map((part) => make("kbd", {}, part)));
      row.append(term, make("dd", {}, text));
      list.append(row);
    }
    const box = make("input", { type: "checkbox", id: "has-shortcuts" });
    box.checked = !isOff;
    // A cookie, since what the browser has stored goes with signing out.
    box.addEventListener("change", () => {
      document.cookie = `hub-shortcuts=${box.checked ? "on" : "off"}; Path=/console; Max-Age=31536000; SameSite=Strict`
        + (location.protocol === "https:" ? "; Secure" : "");
    });
    const choice = make("p");
    choice.append(box, " ", make("label", { for: "has-shortcuts" }, "Use single keys as shortcuts (? always works)"));
    const close = make("button", { type: "button" }, "Close");
    close.addEventListener("click", () => dialog.close());
    dialog.append(make("h2", { id: "shortcuts" }, "Shortcuts"), list, choice, close);
    dialog.addEventListener("close", () => dialog.remove());
    document.body.append(dialog);
    dialog.showModal();
  }

  function make(name, attributes = {}, text = "") {
    const element = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    if (text) element.textContent = text;
    return element;
  }
})();

// Keeps a page of the Status Center up to date: moments in the viewer's zone, cards as they change.
"use strict";

(() => {
  const LOOK_AGAIN_MS = 20_000;
  const TRY_AGAIN_MS = 10_000;
  // Streams are renewed now and then; only a longer silence is worth a word.
  const SAY_SO_MS = 4_000;
  // News that come together are looked at together.
  const GATHER_MS = 300;
  const language = document.documentElement.lang;
  // Dates as the viewer's English has them; the page's words are English, whatever the viewer's are.
  const english = navigator.languages.find((each) => each.startsWith(language)) ?? "en-GB";
  const whole = new Intl.DateTimeFormat(english, { dateStyle: "medium", timeStyle: "short" });
  const relative = new Intl.RelativeTimeFormat(language, { numeric: "auto" });
  const UNITS = [["day", 86_400], ["hour", 3_600], ["minute", 60]];

  const inWords = (moment, isAwaited) => {
    const seconds = (moment - Date.now()) / 1000;
    if (isAwaited && seconds < 0) return "due now";
    const [unit, size] = UNITS.find(([, size]) => Math.abs(seconds) >= size) ?? [];
    if (!unit) return seconds < 0 ? "just now" : "in a moment";
    return unit === "day" && Math.abs(seconds) > 14 * size
      ? whole.format(moment)
      : relative.format(Math.trunc(seconds / size), unit);
  };

  const showMoments = (root) => {
    for (const time of root.querySelectorAll("time[datetime]")) {
      const moment = new Date(time.dateTime);
      const words = whole.format(moment);
      const shown = "relative" in time.dataset ? inWords(moment, time.dataset.relative === "until") : words;
      if (time.textContent !== shown) time.textContent = shown;
      if (shown !== words) time.title = words;
    }
  };

  const announce = (words) => {
    const place = document.getElementById("announcements");
    if (place) place.textContent = words;
  };

  // What a button did not do; a page that is not renewed says so by itself.
  const isPress = ({ requestConfig }) => requestConfig.verb !== "get";
  const sayRefused = (words) => {
    const place = document.getElementById("refused");
    place.textContent = words;
    place.hidden = !words;
  };

  // How the cards stood when they were told of last. A sync can be over before it was ever seen: then
  // its end alone says that there was one.
  const standings = new Map();
  const hasMoved = (before, { state, ended }) => before.state !== state || before.ended !== ended;
  const noteStates = (root) => {
    const cards = root.matches?.("article.card") ? [root] : root.querySelectorAll("article.card");
    for (const { id, dataset } of cards) {
      const { name, state, ended } = dataset;
      const before = standings.get(id);
      standings.set(id, { state, ended });
      if (!before || !hasMoved(before, dataset)) continue;
      if (before.state !== state) announce(`${name}: ${state}`);
      document.body.dispatchEvent(new CustomEvent("crmhub:state"));
    }
  };

  // What somebody has opened stays open when what is around it is renewed.
  const opened = new Set();
  const keepOpen = (root) => {
    for (const details of root.querySelectorAll("details[id]")) details.open = opened.has(details.id);
  };
  document.addEventListener(
    "toggle",
    ({ target: { id, open } }) => (open ? opened.add(id) : opened.delete(id)),
    true,
  );

  const live = () => document.getElementById("live");
  const reload = () =>
    htmx.ajax("GET", location.href, { target: "#live", select: "#live", swap: "outerHTML" });

  let soon = null;
  const reloadSoon = () => {
    clearTimeout(soon);
    soon = setTimeout(reload, GATHER_MS);
  };

  const receive = (event) => {
    const { id, html } = JSON.parse(event.data);
    const place = `connection-${id}`;
    const shown = document.getElementById(place);
    const told = (name) => new RegExp(`data-${name}="([^"]*)"`).exec(html)?.[1];
    if (shown) {
      if (told("version") !== shown.dataset.version) {
        htmx.swap(shown, html, { swapStyle: "outerHTML" });
      }
      return;
    }
    const before = standings.get(place);
    const standing = { state: told("state"), ended: told("ended") };
    standings.set(place, standing);
    // A connection that was added; or, on a page of figures, one whose sync has begun or ended.
    const isNews = "lists" in live().dataset
      ? !before
      : "reloads" in live().dataset && before && hasMoved(before, standing);
    if (isNews) reloadSoon();
  };

  let source = null;
  // Whether something may have happened that this page was not told, as in a tab opened behind this one.
  let wasInterrupted = document.hidden;
  let timer = null;
  let sayingSo = null;

  const sayInterrupted = (isSo) => {
    clearTimeout(sayingSo);
    sayingSo = null;
    document.getElementById("interrupted").hidden = !isSo;
  };

  const close = () => {
    clearTimeout(timer);
    source?.close();
    source = null;
    wasInterrupted = true;
  };

  const open = () => {
    if (source || document.hidden) return;
    source = new EventSource(live().dataset.events);
    source.addEventListener("card", receive);
    source.addEventListener("open", () => {
      sayInterrupted(false);
      if (wasInterrupted) reload();
      wasInterrupted = false;
    });
    source.addEventListener("error", () => {
      wasInterrupted = true;
      sayingSo ??= setTimeout(sayInterrupted, SAY_SO_MS, true);
      if (source?.readyState !== EventSource.CLOSED) return;
      // The server refused: signed out, as the page itself tells, or away. The browser does not try
      // again by itself.
      close();
      reload();
      timer = setTimeout(open, TRY_AGAIN_MS);
    });
  };

  document.documentElement.classList.add("scripted");
  showMoments(document);
  noteStates(document);
  setInterval(() => showMoments(document), LOOK_AGAIN_MS);
  htmx.onLoad((root) => {
    keepOpen(root);
    showMoments(root);
    noteStates(root);
  });
  document.body.addEventListener("htmx:responseError", ({ detail }) => {
    const { status } = detail.xhr;
    // Nobody is signed in any more, or the Status Center was closed to the organisation.
    if (status === 401 || status === 404) location.reload();
    else if (status === 409) {
      sayRefused("That was not done: the connection has changed meanwhile. This is how it stands now.");
      reload();
    } else if (isPress(detail)) sayRefused("That was not done. Reload the page and try again.");
  });
  document.body.addEventListener("htmx:sendError", ({ detail }) => {
    if (isPress(detail)) sayRefused("That was not done: the Status Center cannot be reached. Try again in a minute.");
  });
  document.body.addEventListener("htmx:beforeRequest", ({ detail }) => {
    if (isPress(detail)) sayRefused("");
  });
  // A hidden page needs no stream, and browsers allow but six to a server.
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) close();
    else open();
  });
  addEventListener("pagehide", close);
  addEventListener("pageshow", ({ persisted }) => {
    if (persisted) open();
  });
  if (live()) open();
})();

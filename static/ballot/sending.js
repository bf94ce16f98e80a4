// Asking the collector: no cookie, no referrer, no cache, and patience with lost connections.

/** Ask without cookie, referrer or cache; status 0 where no answer came. */
export async function ask(address, more) {
  const how = { credentials: "omit", cache: "no-store", referrerPolicy: "no-referrer" };
  try {
    const reply = await fetch(address, { ...how, redirect: "error", ...more });
    return { status: reply.status, ...(await reply.json()) };
  } catch {
    return { status: 0 };
  }
}

/** Send, and send the same bytes again while no answer comes: they are counted once. */
export async function submit(address, answer, { tries = 6, wait = 1000 } = {}) {
  const headers = { "Content-Type": "application/json" };
  for (; ; wait *= 2) {
    const reply = await ask(address, { method: "POST", headers, body: JSON.stringify(answer) });
    const isFinal = reply.status && reply.status !== 429 && reply.status < 500;
    if (isFinal || --tries === 0) return reply;
    await new Promise((resolve) => setTimeout(resolve, wait * (0.5 + Math.random())));
  }
}

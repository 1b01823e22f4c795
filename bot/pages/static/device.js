// What stays in this browser: the cookie is set and thrown away by the server, and a mark (no secret)
// tells whether this tab, or with the resident's consent this device, is the one it belongs to.

const MARK = "stadsdialoog";

function stores() {
  try {
    return [sessionStorage, localStorage];
  } catch {
    return []; // storage is blocked: every page is a fresh one
  }
}

function mark(own) {
  const [session, local] = stores();
  session?.setItem(MARK, "1");
  if (own) local?.setItem(MARK, "1");
  else local?.removeItem(MARK);
}

export const marked = () => stores().some((store) => store.getItem(MARK));
export const isOwn = () => Boolean(stores()[1]?.getItem(MARK));

async function post(path, body) {
  const headers = { "Content-Type": "application/json" };
  const answer = await fetch(path, { method: "POST", headers, body: JSON.stringify(body), keepalive: true });
  return answer.ok;
}

// Keep the key in a cookie; with `own` for longer than this session.
export async function keep(visit, own) {
  try {
    if (!(await post("/keep", visit ? { visit, own } : { own }))) return false;
  } catch {
    return false;
  }
  mark(own);
  return true;
}

// Leave nothing here. Tried until the server was reached: before that nobody may be greeted.
export async function leave() {
  for (const store of stores()) store.removeItem(MARK);
  for (let wait = 500; ; wait = Math.min(wait * 2, 10_000)) {
    try {
      if (await post("/leave", {})) return;
    } catch {
      // offline: try again
    }
    await new Promise((resolve) => setTimeout(resolve, wait));
  }
}

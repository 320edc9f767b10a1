// What --help prints.

const COMMON = `
Common options:
  -u, --url URL       the WebSocket endpoint; else $WSPUBSUB_URL, else
                      ws://localhost:8080/ws
  -H, --header TEXT   "Name: value" to send with requests, any number of them
      --token TEXT    "Authorization: Bearer TEXT"; else $WSPUBSUB_TOKEN
      --in-band       the token as the first command instead, as endpoints with
                      "ws_pubsub_token later" take it; not for --api
      --cacert FILE   certificates to trust; -k, --insecure: any
      --timeout S     seconds for a connection and for an answer (10)
  -j, --json          a JSON object a line
  -q, --quiet         results and errors only
  -h, --help          this text

Exit codes: 0 done; 1 the server said no; 2 wrong usage; 3 no connection, or
nothing in time; 4 not authorized (401, 403, or the token is refused).
`;

const API = `\
  -a, --api URL       the HTTP API instead, e.g. http://localhost:8080/api/;
                      else $WSPUBSUB_API, where no --url is given
`;
const RAW = `\
  -r, --raw           only payloads, bytes as they are
`;

const TEXTS = {
    sub: `Usage: wspubsub sub [options] SELECTOR...

Prints the values, then each change, as "topic payload". Comes back after any
drop and goes on where it was; ends by Ctrl-C, --count or --timeout. What
else happens (gaps, topics that go, presence) is told on stderr, with --json
on stdout.

      --last N        begin with the last N messages of each topic
      --since WHERE   "new": only changes; EPOCH.SEQ: what came after it
      --rate N        at most N messages a second of each topic, the newest
      --delta         let the server send differences
  -n, --count N       end after N messages
      --timeout S     end after S seconds, with exit code 3
${RAW}`,
    pub: `Usage: wspubsub pub [options] TOPIC [PAYLOAD]

Publishes the payload, or what stdin has; prints its position, EPOCH.SEQ.

  -t, --type TYPE     text (the default), json, binary, or patch: a merge
                      patch, or an array: a JSON Patch
  -f, --file FILE     its contents
  -l, --lines         each line of stdin is a message
      --if WHERE      only if the topic stands at EPOCH.SEQ, or is "absent"
      --key TEXT      once in this topic, however often it is tried (5 min)
${API}`,
    get: `Usage: wspubsub get [options] SELECTOR

Prints the values of all topics that match, as "topic payload".

      --after TOPIC   begin after this one
      --limit N       at most so many
${RAW}${API}`,
    history: `Usage: wspubsub history [options] TOPIC

Prints what the topic keeps, oldest first, as "seq payload".

      --last N        the last N messages
      --since WHERE   what came after EPOCH.SEQ
${RAW}${API}`,
    who: `Usage: wspubsub who [options] TOPIC

Prints who is subscribed to that very topic, where it has presence.
`,
    bench: `Usage: wspubsub bench [options] [TOPIC]

Publishes messages and subscribes to them, all from here; prints how many a
second, and how long they took. Without a topic it makes one up in bench/.

      --subscribers N (10)    --publishers N (1)
      --messages N (10000)    --size BYTES (100)
      --window N      messages that wait for their answers at a publisher (32)
${API}`,
};

const OVERVIEW = `Usage: wspubsub COMMAND [options] ...

  sub      prints the values of topics, then each change
  pub      publishes
  get      prints values
  history  prints what a topic keeps
  who      prints who is subscribed
  bench    measures

wspubsub COMMAND --help tells more; wspubsub --version which one it is.
`;

// Of a command, or of all.
export function help(command) {
    return command === undefined ? OVERVIEW : TEXTS[command] + COMMON;
}

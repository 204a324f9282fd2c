// Whether what came to the services is what the clients have told them. Pure: lists in, faults in
// words out.
//
//   told     [{user, number, attempt, acked}]: what clients sent. The next number follows the ack of
//            the last one; without an ack the same number is sent again as another attempt
//   arrived  [{id, userId, user, number, attempt}]: what a service got, in order; `id` is the
//            message-id, `userId` what the gateway says, the rest what the client said
//   erased   [{user, attempt}]: what waited in Redis when the suite itself erased it

const fault = (rule, text) => ({ rule, text });

const keyOf = ({ user, attempt }) => `${user}/${attempt}`;
const nameOf = ({ user, number, attempt }) => `${user}/${number} (attempt ${attempt})`;

const sentAt = ({ sent, acked }) =>
  (sent === undefined ? '' : `, sent at ${Math.round(sent)} ms, acked at ${Math.round(acked)} ms`);

function checkArrived(told, arrived, erased) {
  const had = new Set([...arrived, ...erased].map(keyOf));
  return told.filter((one) => one.acked !== null && !had.has(keyOf(one)))
    .map((one) => fault('acked, not arrived', `${nameOf(one)}${sentAt(one)}`));
}

// Nothing that nobody has sent, and nothing in the name of another user.
function checkSender(sent, one) {
  const faults = [];
  if (sent.get(keyOf(one))?.number !== one.number) {
    faults.push(fault('never sent', `${nameOf(one)}, message ${one.id}`));
  }
  if (one.userId !== one.user) {
    faults.push(fault('wrong user', `${nameOf(one)} came as of ${one.userId}`));
  }
  return faults;
}

// What comes a second time is known by its id. Of what has no ack nobody knows when Redis took it.
function checkFirsts(sent, arrived) {
  const ids = new Map();
  const last = new Map();
  const faults = [];
  for (const one of arrived) {
    const [known, before] = [ids.get(keyOf(one)), last.get(one.user) ?? 0];
    if (known !== undefined && known !== one.id) {
      faults.push(fault('under two ids', `${nameOf(one)}: ${known} and ${one.id}`));
    }
    ids.set(keyOf(one), one.id);
    if (known !== undefined || (sent.get(keyOf(one))?.acked ?? null) === null) continue;
    if (one.number < before) faults.push(fault('told order', `${nameOf(one)} came after ${before}`));
    last.set(one.user, Math.max(one.number, before));
  }
  return faults;
}

export function checkUplink(told, arrived, erased = []) {
  const sent = new Map(told.map((one) => [keyOf(one), one]));
  return [...checkArrived(told, arrived, erased), ...arrived.flatMap((one) => checkSender(sent, one)),
    ...checkFirsts(sent, arrived)];
}

// Whether anything that is owed has not come yet.
export const isOwed = (told, arrived, erased) => checkArrived(told, arrived, erased).length > 0;

// What stays in Redis when all has arrived: nothing, and nothing is counted.
export function checkEmpty({ entries, bytes }) {
  return entries === 0 && bytes === null ? []
    : [fault('uplink not empty', `${entries} entries and ${bytes} bytes are left`)];
}

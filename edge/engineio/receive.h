// Handles a client's packets, whichever transport brought them: a packet is checked against the
// client's limits, and then renews the heartbeat, ends the session, or goes to the layer above as a
// message. For engineio's own files.
#pragma once

#include "common/attr.h"
#include "edge/engineio/packet.h"

struct eio_session;

// Takes one decoded packet, whose data is borrowed until return. Nothing happens on a session that
// is closing. A packet that breaks the protocol or a size limit closes the session.
void eio__receive(struct eio_session *session, const struct eio_packet *packet);

// True if the packet has more data than its type needs. Only messages carry data; pings may carry a
// few bytes, as "2probe" does.
NODISCARD bool eio__packet_is_oversized(const struct eio_packet *packet);

// The official browser client, served under /socket.io/ as Socket.IO servers do by default.
//
// The files of the package's dist/ and its package.json are read once at the start. The version in
// package.json is the entity tag of every file. The files are compressed at the start too:
// compressing them on request would let any stranger use up CPU.
#pragma once

#include "common/attr.h"
#include "edge/http/shared_body.h"

struct client_bundle;

struct bundle_file {
    const char *name; // "socket.io.min.js"
    const char *content_type;
    struct shared_body *content; // in every coding
};

// Reads the bundle from `folder`; if that is NULL, from its place beside the program in a build or
// an installation. If there is no bundle, logs one warning and returns NULL.
NODISCARD struct client_bundle *client_bundle_load(const char *folder);
void client_bundle_free(struct client_bundle *bundle);

// NULL if there is no such file. `bundle` may be NULL.
const struct bundle_file *client_bundle_find(const struct client_bundle *bundle, struct span name);
// The entity tag with its quotes, as in "\"4.8.3\"".
const char *client_bundle_etag(const struct client_bundle *bundle);

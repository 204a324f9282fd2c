// The official browser client, served under /socket.io/ as Socket.IO servers do by default.
//
// Read once at start from a folder with the files of the package's dist/ and its package.json,
// whose version is the entity tag of every file. Compressed then as well: to compress a file for
// everybody who asks would be work for strangers.
#pragma once

#include "common/attr.h"
#include "edge/http/shared_body.h"

struct client_bundle;

struct bundle_file {
    const char *name; // "socket.io.min.js"
    const char *content_type;
    struct shared_body *content; // in every coding
};

// From `folder`, or when that is NULL from beside the program, as it is built or installed. NULL
// with one line in the log when there is no bundle.
NODISCARD struct client_bundle *client_bundle_load(const char *folder);
void client_bundle_free(struct client_bundle *bundle);

// NULL when there is no such file; a NULL bundle has none.
const struct bundle_file *client_bundle_find(const struct client_bundle *bundle, struct span name);
// In its quotes: "\"4.8.3\"".
const char *client_bundle_etag(const struct client_bundle *bundle);

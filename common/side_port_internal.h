// The parts of a side port that its files share. Private to side_port.c, side_request.c and
// side_connection.c.
//
//     side_port.c         starts, waits, ends
//     side_connection.c   accepts connections, and closes old ones for new ones
//     side_request.c      takes requests to the handlers, and answers to the library
#pragma once

#include <microhttpd.h>
#include <pthread.h>

#include "common/list.h"
#include "common/side_port.h"
#include "common/wakeup.h"

struct side_port {
    struct side_port_options options;
    struct MHD_Daemon *daemon;
    struct list connections; // the oldest first
    unsigned open_count, held_count;
    uint64_t tick_ms;
    pthread_mutex_t lock;
    struct list answered; // requests that other threads have answered; under `lock`
    bool stopping;        // under `lock`
    struct wakeup wakeup; // sent with each of these
    bool ending;          // the thread has ended: no request is handed over any more
    pthread_t thread;
};

struct side_connection {
    struct list entry;
    struct MHD_Connection *library;
    int fd;
    bool trusted, held; // held: a request is at work
    uint64_t since_ms;  // when it came, or its last request was answered
    struct side_request *request;
};

struct side_request {
    struct side_port *port;
    struct side_connection *connection;
    struct list entry; // in `answered`
    char *target;      // as it came
    const char *method;
    bool begun, is_answered, allows_origin;
    unsigned mark;
    struct buffer body;
    unsigned status;
    const char *type;
    struct side_header extra;
    const struct side_header *more;
    struct buffer answer;
};

// Requests: what the library calls.
void *side_request_on_target(void *port, const char *target, struct MHD_Connection *library);
enum MHD_Result side_request_on_piece(void *port, struct MHD_Connection *library, const char *url,
                                      const char *method, const char *version, const char *upload,
                                      size_t *upload_size, void **context);
void side_request_on_completed(void *port, struct MHD_Connection *library, void **context,
                               enum MHD_RequestTerminationCode code);
void side_request_free(struct side_request *request); // NULL is ignored
// Sends the answers of other threads. The client may be gone: the library finds that out when it
// writes.
void side_request_send_answers(struct side_port *port);

// Connections: called by the library when one begins, and when it has ended.
void side_connection_on_change(void *port, struct MHD_Connection *library, void **context,
                               enum MHD_ConnectionNotificationCode code);
// Returns false if descriptors are used up and no connection could be closed to get one.
bool side_connection_accept(struct side_port *port);
// The library's own limit is of inactivity, and a byte now and then is activity.
void side_connection_end_late(struct side_port *port, uint64_t now_ms);

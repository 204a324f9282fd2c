// The follower as a dialogue: what the bus reports, and what the follower then asks and delivers.
//
//     up, down                the bus
//     2-1<1-9                 a publication at 2-1 whose prev is 1-9; "big 2-1<1-9" of 5 MB
//     ~                       an ephemeral publication
//     newest 1-9, page …      answers; a page is a list of entries, "page" an empty one
//     full 1-9                a full page of entries behind 1-9
//     beat 1-9                a heartbeat that reports 1-9 as the top
//     crowd, calm             clients are behind from now on, or no longer
//     taken, flush, 500 ms    one of them took something; a flush is over; time passes
//
// The journal has "D<position>" for a delivery, "LOSS", and what was asked of the bus.
#include <stdio.h>

#include "edge/gateway/delivery/log_follower.h"
#include "tests/unit/fake_bus.h"

#define STEPS_MAX 24
#define PAGE      64
#define BIG_BYTES ((size_t)5 * 1024 * 1024)

struct row {
    const char *name;
    const char *steps[STEPS_MAX];
    const char *journal;
    bool following;
};

#define START  "up", "newest 1-5"
#define SAID   "newest 0; "
#define BEHIND START, "1-9<1-8", "crowd"

// clang-format off
static const struct row rows[] = {
    {"asks for the newest entry first", {"up"}, "newest 0; ", false},
    {"begins behind the newest entry", {START, "1-6<1-5"}, SAID "D1-6; ", true},
    {"begins with an empty log", {"up", "newest 0-0", "1-1<0-0"}, SAID "D1-1; ", true},
    {"delivers what is published in order", {START, "1-6<1-5", "1-7<1-6"}, SAID "D1-6; D1-7; ", true},
    {"delivers nothing twice", {START, "1-6<1-5", "1-6<1-5", "1-5<1-4"}, SAID "D1-6; ", true},
    {"what came while it was locating is delivered if it is newer", {"up", "1-5<1-4", "1-6<1-5", "newest 1-5"}, SAID "D1-6; ", true},
    {"ephemeral envelopes come at once", {"up", "~", "newest 1-5", "~"}, SAID "D0-0; D0-0; ", true},
    {"of a shard with other positions between", {START, "1-9<1-5", "1-30<1-9"}, SAID "D1-9; D1-30; ", true},

    {"a gap is read from the log", {START, "1-7<1-6", "page 1-6<1-5 1-7<1-6"}, SAID "read 0 1-5; D1-6; D1-7; ", true},
    {"what is published while it reads waits", {START, "1-7<1-6", "1-8<1-7", "page 1-6<1-5 1-7<1-6", "1-9<1-8"}, SAID "read 0 1-5; D1-6; D1-7; D1-8; D1-9; ", true},
    {"what waits and was read is not delivered twice", {START, "1-7<1-6", "1-8<1-7", "page 1-6<1-5 1-7<1-6 1-8<1-7"}, SAID "read 0 1-5; D1-6; D1-7; D1-8; ", true},
    {"ephemeral envelopes do not wait", {START, "1-7<1-6", "~", "page 1-6<1-5 1-7<1-6"}, SAID "read 0 1-5; D0-0; D1-6; D1-7; ", true},
    {"a second gap while it reads is read after it", {START, "1-7<1-6", "1-9<1-8", "page 1-6<1-5 1-7<1-6", "page 1-8<1-7 1-9<1-8"}, SAID "read 0 1-5; D1-6; D1-7; read 0 1-7; D1-8; D1-9; ", true},
    {"a full page is followed by the next", {START, "1-70<1-69", "full 1-5", "page 1-70<1-69"}, SAID "read 0 1-5; F; read 0 1-69; D1-70; ", true},

    {"a heartbeat above the position", {START, "beat 1-6", "page 1-6<1-5"}, SAID "read 0 1-5; D1-6; ", true},
    {"a heartbeat at the position", {START, "beat 1-5", "1-6<1-5"}, SAID "D1-6; ", true},
    {"a heartbeat that is ahead of the log is given a second look", {START, "beat 1-6", "page", "1-6<1-5", "beat 1-6"}, SAID "read 0 1-5; D1-6; ", true},
    {"a heartbeat whose events the log does not have", {START, "beat 1-7", "page", "beat 1-7", "page", "beat 1-7", "1-8<1-7"}, SAID "read 0 1-5; read 0 1-5; LOSS; D1-8; ", true},
    {"a heartbeat above while it reads", {START, "1-7<1-6", "beat 1-8", "page 1-6<1-5 1-7<1-6", "page 1-8<1-7"}, SAID "read 0 1-5; D1-6; D1-7; read 0 1-7; D1-8; ", true},
    {"a heartbeat before the log was located", {"up", "beat 1-5", "newest 1-5", "1-6<1-5"}, SAID "D1-6; ", true},

    {"after a new subscription it reads what it missed", {START, "1-6<1-5", "down", "up", "page 1-7<1-6", "1-8<1-7"}, SAID "D1-6; read 0 1-6; D1-7; D1-8; ", true},
    {"and nothing if it missed nothing", {START, "down", "up", "page", "1-6<1-5"}, SAID "read 0 1-5; D1-6; ", true},
    {"down is not following", {START, "down"}, SAID, false},
    {"down while it locates", {"up", "down", "up", "newest 1-5", "1-6<1-5"}, SAID SAID "D1-6; ", true},
    {"down while it reads forgets what waits", {START, "1-7<1-6", "down", "up", "page 1-6<1-5 1-7<1-6"}, SAID "read 0 1-5; read 0 1-5; D1-6; D1-7; ", true},

    {"a new epoch continues the old one", {START, "2-1<1-5", "2-2<2-1"}, SAID "D2-1; D2-2; ", true},
    {"a late publication of the old epoch", {START, "2-1<1-5", "1-6<1-5"}, SAID "D2-1; ", true},
    {"a late heartbeat of the old relay", {START, "2-1<1-5", "beat 1-5", "newest 2-1", "2-2<2-1"}, SAID "D2-1; newest 0; D2-2; ", true},
    {"what is published while it has a second look", {START, "2-1<1-5", "beat 1-5", "2-2<2-1", "newest 2-2"}, SAID "D2-1; newest 0; D2-2; ", true},

    {"the log was trimmed behind the position", {START, "1-9<1-8", "page 1-8<1-7 1-9<1-8"}, SAID "read 0 1-5; LOSS; D1-8; D1-9; ", true},
    {"the log was trimmed while the bus was down", {START, "down", "up", "page 1-8<1-7", "1-9<1-8"}, SAID "read 0 1-5; LOSS; D1-8; D1-9; ", true},
    {"the log lost what was published", {START, "1-9<1-8", "page"}, SAID "read 0 1-5; LOSS; D1-9; ", true},
    {"Redis came back empty, the relay goes on counting", {START, "down", "up", "page", "beat 1-5", "1-6<1-5"}, SAID "read 0 1-5; D1-6; ", true},
    {"Redis came back empty, a new relay begins anew", {START, "down", "up", "page", "2-1<0-0", "page 2-1<0-0"}, SAID "read 0 1-5; read 0 1-5; LOSS; D2-1; ", true},
    {"Redis came back empty, the new relay reports nothing", {START, "down", "up", "page", "beat 0-0", "newest 0-0", "2-1<0-0"}, SAID "read 0 1-5; newest 0; LOSS; D2-1; ", true},
    {"Redis came back older, and the relay's clock is behind", {"up", "newest 5-5", "3-1<0-0", "beat 3-1", "newest 3-1", "3-2<3-1"}, SAID "newest 0; LOSS; D3-2; ", true},
    {"what waits when the log turns out to be reset", {"up", "newest 5-5", "beat 3-1", "3-3<3-2", "newest 3-1", "page 3-2<3-1 3-3<3-2"}, SAID "newest 0; LOSS; read 0 3-1; D3-2; D3-3; ", true},

    {"what waits when the reset log does not have it", {"up", "newest 5-5", "beat 3-1", "3-3<3-2", "newest 3-1", "page"}, SAID "newest 0; LOSS; read 0 3-1; LOSS; D3-3; ", true},
    {"after a reset the old positions mean nothing", {"up", "newest 5-5", "5-6<5-5", "beat 3-1", "newest 3-1", "3-2<3-1"}, SAID "D5-6; newest 0; LOSS; D3-2; ", true},
    {"after a reset the old goal means nothing", {START, "1-7<1-6", "page 1-6<1-5 1-7<1-6", "beat 0-9", "0-11<0-10", "newest 0-9", "page 0-10<0-9 0-11<0-10"}, SAID "read 0 1-5; D1-6; D1-7; newest 0; LOSS; read 0 0-9; D0-10; D0-11; ", true},
    {"down while it reads, and the log lost it meanwhile", {START, "1-9<1-8", "down", "up", "page", "beat 1-9", "page"}, SAID "read 0 1-5; read 0 1-5; read 0 1-5; LOSS; ", true},

    {"malformed publications are dropped", {START, "rubbish", "1-6<1-5"}, SAID "D1-6; ", true},
    {"malformed entries are passed over", {START, "1-8<1-7", "page 1-6<1-5 rubbish-1-7 1-8<1-7"}, SAID "read 0 1-5; D1-6; D1-8; ", true},

    {"while clients are behind a read pauses", {BEHIND, "page 1-6<1-5 1-7<1-6 1-8<1-7", "flush", "100 ms", "down"}, SAID "read 0 1-5; D1-6; ", false},
    {"and goes on when they are not", {BEHIND, "page 1-6<1-5 1-7<1-6 1-8<1-7", "calm", "flush", "page 1-7<1-6 1-8<1-7"}, SAID "read 0 1-5; D1-6; read 0 1-6; D1-7; D1-8; D1-9; ", true},
    {"also without a flush", {BEHIND, "page 1-6<1-5 1-7<1-6", "calm", "100 ms", "down"}, SAID "read 0 1-5; D1-6; read 0 1-6; ", false},
    {"who takes nothing is not waited for", {BEHIND, "page 1-6<1-5 1-7<1-6", "2900 ms", "100 ms", "page 1-7<1-6 1-8<1-7"}, SAID "read 0 1-5; D1-6; read 0 1-6; D1-7; D1-8; D1-9; ", true},
    {"who takes something is", {BEHIND, "page 1-6<1-5 1-7<1-6", "2900 ms", "taken", "100 ms", "2900 ms", "taken", "100 ms", "down"}, SAID "read 0 1-5; D1-6; ", false},
    {"but not for ever", {BEHIND, "page 1-6<1-5 1-7<1-6", "taken", "2900 ms", "taken", "2900 ms", "taken", "2900 ms", "taken", "2900 ms", "taken", "2900 ms", "taken", "2900 ms", "taken", "2600 ms", "down"}, SAID "read 0 1-5; D1-6; read 0 1-6; ", false},
    {"what is published while it pauses waits", {BEHIND, "page 1-6<1-5 1-7<1-6", "1-10<1-9", "~", "calm", "flush", "page 1-7<1-6 1-8<1-7"}, SAID "read 0 1-5; D1-6; D0-0; read 0 1-6; D1-7; D1-8; D1-9; D1-10; ", true},
    {"what was published meanwhile waits for clients, too", {START, "beat 1-6", "1-7<1-6", "crowd", "page 1-6<1-5", "calm", "flush", "page 1-7<1-6", "1-8<1-7"}, SAID "read 0 1-5; D1-6; read 0 1-6; D1-7; D1-8; ", true},
    {"down while it pauses", {BEHIND, "page 1-6<1-5 1-7<1-6", "down", "calm", "100 ms", "up", "page 1-7<1-6"}, SAID "read 0 1-5; D1-6; read 0 1-6; D1-7; ", true},
    {"who follows live waits for nobody", {START, "crowd", "1-6<1-5", "1-7<1-6"}, SAID "D1-6; D1-7; ", true},

    {"what passes the limit while it reads is read from the log", {START, "big 1-7<1-6", "big 1-8<1-7", "page 1-6<1-5", "beat 1-8", "page 1-7<1-6 1-8<1-7", "1-9<1-8"}, SAID "read 0 1-5; D1-6; read 0 1-6; D1-7; D1-8; D1-9; ", true},
};
// clang-format on

static struct deadlines now;
static struct eio_backlog crowd;
static struct fake_bus bus;
static struct delivery_metrics metrics;
static struct log_follower *follower;
static struct buffer encoded;
static bool quiet; // deliveries of a full page are not worth a line each

static void deliver(const struct envelope *envelope, void *arg)
{
    char text[POSITION_TEXT_MAX];

    (void)arg;
    position_print(envelope->position, text);
    if (!quiet)
        buffer_printf(&bus.asked, "D%s; ", text);
}

static void on_entry(unsigned shard, const struct envelope *envelope, struct position position,
                     void *arg)
{
    char text[POSITION_TEXT_MAX];

    (void)shard, (void)envelope, (void)arg;
    position_print(position, text);
    if (!quiet)
        buffer_printf(&bus.asked, "E%s; ", text);
}

static void on_loss(unsigned shard, const char *reason, void *arg)
{
    (void)shard, (void)arg;
    if (strcmp(reason, "connected before the log was found") != 0)
        buffer_append(&bus.asked, SPAN_LIT("LOSS; "));
}

static struct eio_backlog look_at_crowd(void *arg)
{
    (void)arg;
    return crowd;
}

static const struct log_follower_handlers handlers = {
    .deliver = deliver, .on_loss = on_loss, .backlog = look_at_crowd};

static struct position position_of(struct span text)
{
    struct position position;

    assert_true(position_parse(text, &position));
    return position;
}

// Encodes "2-1<1-9", or "~" for an ephemeral one.
static struct span encode(struct span text, size_t bytes)
{
    static char args[BIG_BYTES];
    struct envelope envelope = {
        .room = SPAN_LIT("r"), .event = SPAN_LIT("e"), .args = {args, bytes}};
    struct span position;

    if (!span_is(text, "~")) {
        assert_true(span_take_until(&text, '<', &position));
        envelope.position = position_of(position);
        envelope.prev = position_of(text);
    }
    buffer_clear(&encoded);
    envelope_encode(&envelope, &encoded);
    return buffer_span(&encoded);
}

static void answer_page(struct span list)
{
    struct bus_entry entries[PAGE];
    size_t count = 0;
    struct span entry, position;

    while (span_take_until(&list, ' ', &entry)) {
        if (entry.len == 0)
            continue;
        assert_true(count < PAGE);
        struct span rest = entry;
        if (span_starts_with(entry, SPAN_LIT("rubbish-"))) {
            entries[count].position = position_of(span_skip(entry, 8));
            entries[count++].envelope = SPAN_LIT("\xff\xff");
            continue;
        }
        assert_true(span_take_until(&rest, '<', &position));
        struct span bytes = exact_copy(encode(entry, 0));
        entries[count].position = position_of(position);
        entries[count++].envelope = bytes;
    }
    bus.bus.handlers.on_page(0, entries, count, follower);
    for (size_t i = 0; i < count; i++)
        if (entries[i].envelope.len > 2)
            free((char *)entries[i].envelope.ptr);
}

static void answer_full_page(struct position after)
{
    struct bus_entry entries[PAGE];
    char text[2 * POSITION_TEXT_MAX];

    for (size_t i = 0; i < PAGE; i++) {
        struct position position = {after.epoch, after.seq + 1 + i};
        snprintf(text, sizeof(text), "%d-%d<%d-%d", (int)position.epoch, (int)position.seq,
                 (int)position.epoch, (int)position.seq - 1);
        entries[i] = (struct bus_entry){position, exact_copy(encode(span_of(text), 0))};
    }
    buffer_append(&bus.asked, SPAN_LIT("F; "));
    quiet = true;
    bus.bus.handlers.on_page(0, entries, PAGE, follower);
    quiet = false;
    for (size_t i = 0; i < PAGE; i++)
        free((char *)entries[i].envelope.ptr);
}

// What clients and the clock do.
static bool play_surroundings(struct span step, struct span word)
{
    if (span_is(step, "crowd") || span_is(step, "calm"))
        crowd.sessions = span_is(step, "crowd");
    else if (span_is(step, "taken"))
        crowd.taken++;
    else if (span_is(step, "flush"))
        log_follower_go_on(follower);
    else if (memmem(step.ptr, step.len, " ms", 3))
        deadlines_run(&now, now.now_ms + strtoul(word.ptr, NULL, 10));
    else
        return false;
    return true;
}

static void play(struct span step)
{
    struct span rest = step, word;

    assert_true(span_take_until(&rest, ' ', &word));
    if (play_surroundings(step, word))
        return;
    if (span_is(word, "up"))
        bus.bus.handlers.on_up(BUS_WHOLE, follower);
    else if (span_is(word, "down"))
        bus.bus.handlers.on_down(BUS_WHOLE, follower);
    else if (span_is(word, "newest"))
        bus.bus.handlers.on_newest(0, position_of(rest), follower);
    else if (span_is(word, "page"))
        answer_page(rest.ptr ? rest : SPAN_LIT(""));
    else if (span_is(word, "full"))
        answer_full_page(position_of(rest));
    else if (span_is(word, "beat"))
        log_follower_on_heartbeat(
            follower, BUS_WHOLE,
            &(struct heartbeat){.shard_count = 1, .tops = {position_of(rest)}});
    else if (span_is(word, "big"))
        bus.bus.handlers.on_envelope(0, encode(rest, BIG_BYTES), follower);
    else if (span_is(word, "rubbish"))
        bus.bus.handlers.on_envelope(0, SPAN_LIT("\xff\xff"), follower);
    else
        bus.bus.handlers.on_envelope(0, encode(step, 0), follower);
}

static void plays(const struct row *row, const struct log_follower_handlers *told)
{
    memset(&metrics, 0, sizeof(metrics));
    deadlines_init(&now, 1000000);
    crowd = (struct eio_backlog){0, 0};
    fake_bus_init(&bus);
    follower = log_follower_new(1, &bus.bus, &now, told, &metrics);
    for (size_t i = 0; i < STEPS_MAX && row->steps[i]; i++)
        play(span_of(row->steps[i]));
    assert_span(buffer_span(&bus.asked), row->journal);
    assert_int_equal(log_follower_is_following(follower), row->following);
    assert_int_equal(metric_get(&metrics.following), row->following);
    assert_int_equal(metric_get(&metrics.held_bytes), 0);
    log_follower_free(follower);
    fake_bus_fini(&bus);
    buffer_fini(&encoded);
}

static void plays_out(void **state)
{
    plays(*state, &handlers);
}

// For somebody who remembers every entry.
static const struct row remembered[] = {
    {"the log is read from its oldest entry, and nothing of it is delivered",
     {"up", "page 1-4<1-3 1-5<1-4", "1-6<1-5"},
     "read 0 0-0; E1-4; E1-5; E1-6; D1-6; ",
     true},
    {"an empty log", {"up", "page", "1-1<0-0"}, "read 0 0-0; E1-1; D1-1; ", true},
    {"it is not followed before it was read", {"up"}, "read 0 0-0; ", false},
    {"a gap that is older than the edge is no loss",
     {"up", "page 1-2<1-1 1-9<1-8", "1-10<1-9"},
     "read 0 0-0; E1-2; E1-9; E1-10; D1-10; ",
     true},
    {"what is published while it reads comes after it",
     {"up", "1-5<1-4", "page 1-4<1-3", "1-6<1-5"},
     "read 0 0-0; E1-4; E1-5; E1-6; D1-6; ",
     true},
    {"it goes on where it was broken off",
     {"up", "down", "up", "page 1-4<1-3", "1-5<1-4"},
     "read 0 0-0; read 0 0-0; E1-4; E1-5; D1-5; ",
     true},
    {"a gap later is read as ever",
     {"up", "page 1-4<1-3", "1-6<1-5", "page 1-5<1-4 1-6<1-5"},
     "read 0 0-0; E1-4; read 0 1-4; E1-5; D1-5; E1-6; D1-6; ",
     true},
};

static void plays_out_remembered(void **state)
{
    plays(*state, &(struct log_follower_handlers){
                      .on_entry = on_entry, .deliver = deliver, .on_loss = on_loss});
}

static void shards_do_not_wait_for_one_another(void **state)
{
    (void)state;
    deadlines_init(&now, 1000000);
    fake_bus_init(&bus);
    memset(&metrics, 0, sizeof(metrics));
    follower = log_follower_new(2, &bus.bus, &now, &handlers, &metrics);
    bus.bus.handlers.on_up(BUS_WHOLE, follower);
    bus.bus.handlers.on_newest(0, (struct position){1, 5}, follower);
    assert_false(log_follower_is_following(follower));
    bus.bus.handlers.on_newest(1, (struct position){1, 6}, follower);
    assert_true(log_follower_is_following(follower));
    bus.bus.handlers.on_envelope(0, encode(SPAN_LIT("1-9<1-8"), 0), follower);
    bus.bus.handlers.on_envelope(1, encode(SPAN_LIT("1-10<1-6"), 0), follower);
    assert_span(buffer_span(&bus.asked), "newest 0; newest 1; read 0 1-5; D1-10; ");
    assert_int_equal(log_follower_position(follower, 1).seq, 10);
    log_follower_free(follower); // with an envelope that waits
    fake_bus_fini(&bus);
    buffer_fini(&encoded);
}

// Two brokers with a shard each.
static const struct bus_part parts[] = {{0, 2}, {1, 2}};

static void follow_two_parts(void)
{
    deadlines_init(&now, 1000000);
    crowd = (struct eio_backlog){0, 0};
    fake_bus_init(&bus);
    memset(&metrics, 0, sizeof(metrics));
    follower = log_follower_new(2, &bus.bus, &now, &handlers, &metrics);
    for (unsigned i = 0; i < 2; i++) {
        bus.bus.handlers.on_up(parts[i], follower);
        bus.bus.handlers.on_newest(i, (struct position){1, 5 + i}, follower);
    }
    assert_true(log_follower_is_following(follower));
    buffer_clear(&bus.asked);
}

static void end_two_parts(void)
{
    log_follower_free(follower);
    fake_bus_fini(&bus);
    buffer_fini(&encoded);
}

static void a_part_that_is_down_stops_its_shards_only(void **state)
{
    (void)state;
    follow_two_parts();
    bus.bus.handlers.on_down(parts[1], follower);
    assert_false(log_follower_is_following(follower));
    bus.bus.handlers.on_envelope(0, encode(SPAN_LIT("1-7<1-5"), 0), follower);
    assert_int_equal(log_follower_position(follower, 0).seq, 7);
    bus.bus.handlers.on_up(parts[1], follower);
    bus.bus.handlers.on_page(1, NULL, 0, follower);
    assert_true(log_follower_is_following(follower));
    assert_span(buffer_span(&bus.asked), "D1-7; read 1 1-6; ");
    end_two_parts();
}

static void a_heartbeat_is_about_the_part_it_came_over(void **state)
{
    const struct heartbeat heartbeat = {.shard_count = 2, .tops = {{1, 8}, {1, 9}}};

    (void)state;
    follow_two_parts();
    log_follower_on_heartbeat(follower, parts[1], &heartbeat);
    assert_span(buffer_span(&bus.asked), "read 1 1-6; ");
    end_two_parts();
}

static void a_pause_outlives_that_another_part_is_down(void **state)
{
    (void)state;
    follow_two_parts();
    bus.bus.handlers.on_envelope(0, encode(SPAN_LIT("1-9<1-8"), 0), follower);
    crowd = (struct eio_backlog){1, 0};
    answer_page(SPAN_LIT("1-8<1-5 1-9<1-8"));
    bus.bus.handlers.on_down(parts[1], follower);
    crowd = (struct eio_backlog){0, 0};
    log_follower_go_on(follower);
    assert_span(buffer_span(&bus.asked), "read 0 1-5; D1-8; read 0 1-8; ");
    end_two_parts();
}

int main(void)
{
    struct CMUnitTest tests[ARRAY_LEN(rows) + ARRAY_LEN(remembered) + 4];
    size_t count = 0;

    ADD_ROWS(tests, count, rows, plays_out);
    ADD_ROWS(tests, count, remembered, plays_out_remembered);
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(shards_do_not_wait_for_one_another);
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(a_part_that_is_down_stops_its_shards_only);
    tests[count++] =
        (struct CMUnitTest)cmocka_unit_test(a_heartbeat_is_about_the_part_it_came_over);
    tests[count++] =
        (struct CMUnitTest)cmocka_unit_test(a_pause_outlives_that_another_part_is_down);
    return cmocka_run_group_tests_name("log_follower", tests, NULL, NULL);
}

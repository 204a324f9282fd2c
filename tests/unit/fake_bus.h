// A fake of the bus: records what the gateway asks of it.
#pragma once

#include "edge/gateway/delivery/bus.h"
#include "proto/envelope.h"
#include "tests/unit/unit.h"

struct fake_bus {
    struct bus bus;
    struct buffer asked;     // "newest 0; read 0 1-5; publish conversation:1 typing; "
    struct buffer published; // the last envelope, encoded
    struct buffer told;      // body of the last entry of the uplink
    bool is_down;            // for the uplink
    struct envelope_decoder *decoder;
};

static inline struct fake_bus *fake_bus_of(struct bus *bus)
{
    return container_of(bus, struct fake_bus, bus);
}

static inline void fake_publish(struct bus *bus, unsigned shard, struct span bytes)
{
    struct fake_bus *self = fake_bus_of(bus);
    const struct envelope *envelope = envelope_decode(self->decoder, bytes);

    assert_non_null(envelope);
    assert_true(position_is_none(envelope->position));
    buffer_clear(&self->published);
    buffer_append(&self->published, bytes);
    buffer_printf(&self->asked, "publish %u " SPAN_FMT " " SPAN_FMT "; ", shard,
                  SPAN_ARG(envelope->room), SPAN_ARG(envelope->event));
}

static inline void fake_publish_control(struct bus *bus, struct span bytes)
{
    struct fake_bus *self = fake_bus_of(bus);
    const struct control *control = control_decode(self->decoder, bytes);

    assert_non_null(control);
    assert_int_equal(control->kind, CONTROL_KICKED);
    buffer_printf(&self->asked, "kicked %u at " SPAN_FMT " for %llu; ", control->sockets,
                  SPAN_ARG(control->edge), (unsigned long long)control->ask);
}

static inline void fake_read(struct bus *bus, unsigned shard, struct position after, size_t count)
{
    char text[POSITION_TEXT_MAX];

    (void)count;
    position_print(after, text);
    buffer_printf(&fake_bus_of(bus)->asked, "read %u %s; ", shard, text);
}

static inline void fake_read_newest(struct bus *bus, unsigned shard)
{
    buffer_printf(&fake_bus_of(bus)->asked, "newest %u; ", shard);
}

static inline void fake_announce(struct bus *bus, size_t sockets, size_t rooms)
{
    buffer_printf(&fake_bus_of(bus)->asked, "announce %zu %zu; ", sockets, rooms);
}

static inline void fake_store_revocation(struct bus *bus, struct span user, uint64_t at_ms,
                                         uint64_t until_ms, uint64_t last_ms)
{
    buffer_printf(&fake_bus_of(bus)->asked, "revoke " SPAN_FMT " %llu %llu %llu; ", SPAN_ARG(user),
                  (unsigned long long)at_ms, (unsigned long long)until_ms,
                  (unsigned long long)last_ms);
}

static inline bool fake_tell(struct bus *bus, const struct uplink_entry *entry)
{
    struct fake_bus *self = fake_bus_of(bus);

    if (self->is_down)
        return false;
    buffer_clear(&self->told);
    buffer_append(&self->told, entry->body);
    buffer_printf(&self->asked, "tell " SPAN_FMT " " SPAN_FMT " " SPAN_FMT "; ",
                  SPAN_ARG(entry->exchange), SPAN_ARG(entry->routing_key), SPAN_ARG(entry->owner));
    return true;
}

static const struct bus_ops fake_bus_ops = {
    .publish = fake_publish,
    .publish_control = fake_publish_control,
    .read = fake_read,
    .read_newest = fake_read_newest,
    .announce = fake_announce,
    .store_revocation = fake_store_revocation,
    .tell = fake_tell,
};

static inline void fake_bus_init(struct fake_bus *self)
{
    *self = (struct fake_bus){.bus = {.ops = &fake_bus_ops}, .decoder = envelope_decoder_new()};
}

static inline void fake_bus_fini(struct fake_bus *self)
{
    buffer_fini(&self->asked);
    buffer_fini(&self->published);
    buffer_fini(&self->told);
    envelope_decoder_free(self->decoder);
}

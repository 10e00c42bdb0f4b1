// Publishes what rows say: those of one channel and reach together, each key and each tag once.
//
// Rows are untrusted: of a channel that is not ours nothing is published or removed, a reach that
// does not exist is `published`. A key that is too long, a tag that is none, one beside a key, and
// keys and tags that are too many are every key. What is too much is never wrong here.
//
// Thread-safety: every function from any thread. Blocking: as long as the channels take.
#pragma once

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "tutti/invalidation.hpp"
#include "tutti/outbox.hpp"

namespace tutti::outbox {

class RowPublisher {
public:
    struct Outcome {
        std::vector<RowId> finished{};  // published, or done when that was asked
        std::size_t unconfirmed = 0;    // the other rows
        std::size_t malformed = 0;
        std::size_t flushes = 0;  // channels that were told everything without a row of that
        std::string reason{};     // of one that was not confirmed
    };

    // What is called is guarded: an error, or a `done` that is dropped, is `unconfirmed`.
    RowPublisher(std::vector<Channel> channels, InvalidateOptions options, std::size_t keys_max)
        : channels_(std::move(channels)), options_(options), keys_max_(keys_max) {}

    [[nodiscard]] Outcome publish(const std::vector<Row>& rows) const;
    // Every key of every channel.
    [[nodiscard]] Outcome flush() const;

private:
    // One publication.
    struct Group {
        const Channel* channel = nullptr;
        Ack ack = Ack::none;
        KeySet changed{};
        std::vector<RowId> ids{};
    };
    // What is due of one channel and reach. A channel takes keys or tags, so they are a publication
    // each, unless they are every key.
    struct Due {
        const Channel* channel = nullptr;
        Ack ack = Ack::none;
        KeySet changed{};
        std::vector<RowId> ids{};      // of keys, and of every key
        std::vector<RowId> tag_ids{};  // of tags
    };

    [[nodiscard]] std::vector<Group> grouped(const std::vector<Row>& rows, Outcome& outcome) const;
    [[nodiscard]] std::vector<Group> publications_of(Due due, Outcome& outcome) const;
    void publish_groups(std::vector<Group> groups, Outcome& outcome) const;

    std::vector<Channel> channels_;
    InvalidateOptions options_;
    std::size_t keys_max_;
};

}  // namespace tutti::outbox

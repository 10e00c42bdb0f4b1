// Any bytes may come from a server. The first input byte decides in how many pieces they arrive,
// which must make no difference to what is read, unless an error ends it: how much is read before
// that may depend on the pieces.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "redis/handshake.hpp"
#include "redis/reply.hpp"
#include "redis/value_reply.hpp"

namespace {

using tutti::redis::Reply;
using tutti::redis::ReplyReader;

void describe(const Reply& reply, std::string& out) {
    out += static_cast<char>('a' + static_cast<int>(reply.type));
    out += std::to_string(reply.integer) + reply.text + "(";
    for (const Reply& item : reply.items) describe(item, out);
    out += ")";
}

struct Outcome {
    std::string replies;
    bool failed = false;
};

Outcome read(std::string_view bytes, std::size_t piece) {
    ReplyReader reader({.text_bytes_max = 100, .array_items_max = 50, .items_max = 200});
    Outcome outcome;
    for (; !bytes.empty(); bytes.remove_prefix(std::min(piece, bytes.size()))) {
        reader.feed(bytes.substr(0, piece));
        for (;;) {
            const auto reply = reader.next();
            outcome.failed = !reply;
            if (!reply || !*reply) break;
            describe(**reply, outcome.replies);
            // As if so many keys had been asked for, and one more.
            const std::size_t keys = std::max((*reply)->items.size(), std::size_t{2}) - 1;
            if (tutti::redis::to_fetched("fuzz", keys, **reply).size() != keys) std::abort();
            (void)tutti::redis::to_fetched("fuzz", keys + 1, **reply);
            if (tutti::redis::to_filled("fuzz", keys, **reply).size() != keys) std::abort();
            if (tutti::redis::to_filled("fuzz", keys + 1, **reply).size() != keys + 1) std::abort();
        }
    }
    return outcome;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const std::size_t piece = std::size_t{data[0]} + 1;
    const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
    const Outcome whole = read(bytes, size);
    const Outcome pieces = read(bytes, piece);
    if (!whole.failed && !pieces.failed && whole.replies != pieces.replies) std::abort();
    (void)tutti::redis::judge_info(bytes);
    return 0;
}

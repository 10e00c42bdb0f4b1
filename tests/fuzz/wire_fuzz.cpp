// Any bytes may arrive on the channel. What decodes must encode to the very same payload: an entry
// has one spelling, or two nodes could link different chains for it.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>

#include "coherence/wire.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view push(reinterpret_cast<const char*>(data), size);
    if (const auto envelope = tutti::wire::decode_envelope(push)) {
        const std::string_view payload = push.substr(push.find('\n') + 1);
        if (tutti::wire::encode_keys(envelope->entry.changed) != payload) std::abort();
    }
    if (const auto message = tutti::wire::decode_ack_message(push)) {
        const bool wanted = message->kind == tutti::wire::AckMessage::Kind::wanted;
        const std::string again = (wanted ? "1 wanted " : "1 acked ") +
                                  tutti::wire::hex(std::to_underlying(message->epoch)) + " " +
                                  std::to_string(message->sequence);
        if (again != push) std::abort();
    }
    if (const auto changed = tutti::wire::decode_keys(push)) {
        if (tutti::wire::encode_keys(*changed) != push) std::abort();
    }
    return 0;
}

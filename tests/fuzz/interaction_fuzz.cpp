// Anything may be posted to the endpoint of interactions. The input is a body, and once more a
// signature, a time and a body: none of it is signed, so none of it may be valid.
#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "bot-client/interactions/interaction.hpp"
#include "bot-client/interactions/signatures.hpp"

namespace {

using namespace std::chrono_literals;
using namespace tutti::services::bot::interactions;

// RFC 8032, 7.1, test 1: its secret key is public, but no fuzzer finds a signature by chance.
constexpr const char* public_key =
    "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";

Signatures& signatures() {
    static Signatures made =
        Signatures::create({.public_key = public_key, .body_bytes_max = 2'000}).value();
    return made;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    const auto read = read_interaction(bytes);
    if (read) {
        if (!is_snowflake(read->id) || read->token.empty()) std::abort();
        (void)age_of(read->id, tutti::services::process::UnixTime(1'700'000'000s));
    }
    const std::size_t cut = std::min<std::size_t>(128, size);
    const std::string_view rest = bytes.substr(cut);
    const tutti::services::process::UnixTime now{1'700'000'000s};
    for (const std::string_view time : {std::string_view("1700000000"), rest.substr(0, 10)}) {
        const auto verdict = signatures().judge(bytes.substr(0, cut), time, rest, now);
        if (verdict == SignatureVerdict::valid || verdict == SignatureVerdict::repeated)
            std::abort();
    }
    return 0;
}

// Any bytes may lie in a store. What a codec reads, it writes in one way only, and reads again.
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <variant>
#include <vector>

#include <boost/describe/class.hpp>
#include <boost/describe/enum.hpp>

#include "tutti/json.hpp"
#include "tutti/json/msgpack.hpp"
#include "tutti/node/holdings.hpp"

namespace {

enum class Kind : std::uint8_t { one, other };
BOOST_DESCRIBE_ENUM(Kind, one, other)

using Either = std::variant<std::monostate, bool, std::string>;

struct Node {
    std::int32_t n = 0;
    double d = 0.0;
    std::optional<Kind> k;
    tutti::json::Nullable<std::string> s;
    std::vector<Node> v;
    std::map<std::string, bool> m;
    std::optional<std::map<Kind, std::set<std::uint8_t>>> c;
    std::optional<std::tuple<std::array<bool, 2>, Either>> f;
    std::optional<std::chrono::milliseconds> w;
    std::optional<std::chrono::sys_time<std::chrono::microseconds>> t;
};
BOOST_DESCRIBE_STRUCT(Node, (), (n, d, k, s, v, m, c, f, w, t))

}  // namespace

template <>
inline constexpr std::array tutti::json::alternatives<Either>{"none", "flag", "text"};

namespace {

void read_and_write(const tutti::Codec<Node>& codec, std::string_view bytes) {
    const auto read = codec.decode(bytes);
    if (!read) return;
    const auto text = codec.encode(*read);
    if (!text) return;  // longer than what it was read from
    const auto again = codec.decode(*text);
    if (!again || codec.encode(*again).value() != *text) std::abort();
}

// Any bytes may come from a process that is asked what it holds.
void read_holdings(std::string_view bytes) {
    const auto read = tutti::parse_holdings(bytes);
    if (!read) return;
    const auto again = tutti::parse_holdings(tutti::to_json(*read));
    if (!again || *again != *read) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const tutti::JsonLimits limits{.bytes_max = 1U << 16U, .depth_max = 12};
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    read_and_write(tutti::json_codec<Node>(limits), bytes);
    read_and_write(tutti::msgpack_codec<Node>(limits), bytes);
    read_holdings(bytes);
    return 0;
}

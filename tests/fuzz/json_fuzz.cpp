// Any text may lie in a store. What the codec reads, it writes in one way only, and reads again.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/describe/class.hpp>
#include <boost/describe/enum.hpp>

#include "tutti/json.hpp"

namespace {

enum class Kind : std::uint8_t { one, other };
BOOST_DESCRIBE_ENUM(Kind, one, other)

struct Node {
    std::int32_t n = 0;
    double d = 0.0;
    std::optional<Kind> k;
    tutti::json::Nullable<std::string> s;
    std::vector<Node> v;
    std::map<std::string, bool> m;
};
BOOST_DESCRIBE_STRUCT(Node, (), (n, d, k, s, v, m))

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto codec = tutti::json_codec<Node>({.bytes_max = 1U << 16U, .depth_max = 12});
    const auto read = codec.decode({reinterpret_cast<const char*>(data), size});
    if (!read) return 0;
    const auto text = codec.encode(*read);
    if (!text) return 0;  // longer than what it was read from
    const auto again = codec.decode(*text);
    if (!again || codec.encode(*again).value() != *text) std::abort();
    return 0;
}

// What a user's program reaches: the headers, the compiled library with every layer below a node,
// and the doubles for its own tests.
#include <chrono>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include <boost/describe/class.hpp>
#include <tutti/canonical.hpp>
#include <tutti/json.hpp>
#include <tutti/memory_cache.hpp>
#include <tutti/node.hpp>
#include <tutti/testing/manual_clock.hpp>

using namespace std::chrono_literals;

bool memory_tier_forgets() {
    tutti::testing::ManualClock clock;
    tutti::MemoryCache<std::string, int> cache(
        {.ttl = 30s, .bound = tutti::entries(10), .clock = &clock});
    cache.put("a", 1);
    const bool alive = cache.get("a") == 1;
    cache.update("b", [](const int* before) { return before != nullptr ? *before + 1 : 0; }, 1h);
    clock.advance(31s);
    return alive && !cache.get("a");
}

template <class Cache>
auto all_of(const Cache& cache) {
    std::vector<std::decay_t<decltype(*cache.peek({}))>> all;
    cache.for_each([&](std::string_view, const auto& found) { all.push_back(found); });
    return all;
}
// Of values of other sizes, for the compiler's warnings.
struct Place {
    int coordinates[5];
};
template auto all_of(const tutti::Local<int, bool>&);
template auto all_of(const tutti::Local<int, Place>&);

bool node_loads() {
    const auto node = tutti::Node::create({.name = "consumer"}).value();
    const auto lengths = node->coherent<std::string, int>({
        .name = "lengths",
        .caches = "how long a word is",
        .stale = tutti::Stale::wrong,
        .ttl = 30s,
        .bound = tutti::entries(10),
        .load = [](const std::string& word,
                   tutti::LoadContext&) { return static_cast<int>(word.size()); },
        .channel = "cache:lengths-invalidation",
    });
    if (!node->start() || *lengths.get("four").value() != 4) return false;
    int sum = 0;
    const std::vector<std::string> words{"four", "eight"};
    for (const auto& found : lengths.get_many(words)) sum += found.value_or(0);
    return sum == 9 && all_of(lengths).size() == 2 && lengths.peek("four").has_value();
}

struct Page {
    std::string title;
};
BOOST_DESCRIBE_STRUCT(Page, (), (title))

bool values_become_text() {
    const auto text = tutti::json_codec<Page>().encode({.title = tutti::composite("a", 1)});
    return text && *text == R"({"title":"a:1"})";
}

int main() { return memory_tier_forgets() && node_loads() && values_become_text() ? 0 : 1; }

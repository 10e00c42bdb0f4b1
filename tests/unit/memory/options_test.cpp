// Options that cannot work are refused, all at once; what the type promises is checked here too.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>

#include "tutti/memory_cache.hpp"

// Every member compiles, also those that no test calls with these types.
template class tutti::MemoryCache<std::string, std::shared_ptr<const std::string>>;
template class tutti::MemoryCache<int, int>;

namespace tutti {
namespace {

using namespace std::chrono_literals;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

using Cache = MemoryCache<std::string, int>;

static_assert(!std::is_copy_constructible_v<Cache> && !std::is_move_constructible_v<Cache>);
static_assert(!std::is_default_constructible_v<Cache::Options>, "bound and TTL are mandatory");
static_assert(!std::is_convertible_v<Cache::Options, Cache>);
static_assert(std::is_same_v<Cache::KeyView, std::string_view>);
static_assert(std::is_same_v<MemoryCache<int, int>::KeyView, const int&>);
static_assert(std::is_same_v<MemoryCache<std::string, int, std::hash<std::string>>::KeyView,
                             const std::string&>);

template <class F>
concept Updates = requires(Cache& cache, F fn) { cache.update("a", fn); };
static_assert(Updates<std::optional<int> (*)(const int*)>);
static_assert(Updates<int (*)(const int*)>, "one that never declines");
static_assert(!Updates<std::optional<int> (*)(int*)>, "the value is not changed in place");
static_assert(!Updates<std::string (*)(const int*)>);

std::size_t one(const std::string&, const int&) { return 1; }

TEST(MemoryCacheOptions, GoodOnesHaveNoProblems) {
    EXPECT_THAT(Cache::problems({.ttl = 1s, .bound = entries(1)}), IsEmpty());
    EXPECT_THAT(Cache::problems({.ttl = Ttl::never(), .bound = bytes(1), .weigher = one}),
                IsEmpty());
}

TEST(MemoryCacheOptions, ATtlOfZeroIsRefusedAndForEverIsSpelledOut) {
    EXPECT_THAT(Cache::problems({.ttl = 0s, .bound = entries(1)}),
                ElementsAre(AllOf(HasSubstr("ttl"), HasSubstr("Ttl::never()"))));
    EXPECT_THAT(Cache::problems({.ttl = -1ns, .bound = entries(1)}), ElementsAre(HasSubstr("ttl")));
}

TEST(MemoryCacheOptions, ABoundOfZeroIsRefused) {
    EXPECT_THAT(Cache::problems({.ttl = 1s, .bound = entries(0)}), ElementsAre(HasSubstr("bound")));
}

// As an unsigned number it would be enormous, and the cache a leak.
TEST(MemoryCacheOptions, ABoundBelowZeroIsRefused) {
    EXPECT_THAT(Cache::problems({.ttl = 1s, .bound = entries(-1)}),
                ElementsAre(HasSubstr("bound")));
    EXPECT_EQ(bytes(-0.5), bytes(0));
    EXPECT_EQ(bytes(std::nan("")), bytes(0));
}

TEST(MemoryCacheOptions, ABoundMayBeAnyNumber) {
    EXPECT_EQ(entries(1e6), entries(1'000'000));
    EXPECT_EQ(bytes(1e300), bytes(std::numeric_limits<std::size_t>::max()));
    EXPECT_EQ(bytes(std::uint8_t{7}), bytes(7));
}

TEST(MemoryCacheOptions, AWeigherBelongsToABoundInBytes) {
    EXPECT_THAT(Cache::problems({.ttl = 1s, .bound = bytes(1)}), ElementsAre(HasSubstr("weigher")));
    EXPECT_THAT(Cache::problems({.ttl = 1s, .bound = entries(1), .weigher = one}),
                ElementsAre(HasSubstr("weigher")));
}

TEST(MemoryCacheOptions, ANullClockIsRefused) {
    EXPECT_THAT(Cache::problems({.ttl = 1s, .bound = entries(1), .clock = nullptr}),
                ElementsAre(HasSubstr("clock")));
}

TEST(MemoryCacheOptions, TheConstructorNamesAllThatIsWrong) {
    try {
        const Cache cache({.ttl = 0s, .bound = bytes(0), .clock = nullptr});
        FAIL() << "accepted";
    } catch (const std::invalid_argument& error) {
        EXPECT_THAT(error.what(), AllOf(HasSubstr("ttl"), HasSubstr("bound"), HasSubstr("weigher"),
                                        HasSubstr("clock")));
    }
}

TEST(MemoryCacheOptions, TheSystemsClockIsTheDefault) {
    Cache cache({.ttl = 1h, .bound = entries(1)});
    cache.put("a", 1);

    const auto found = cache.find("a");

    ASSERT_TRUE(found);
    EXPECT_GE(found->age, 0ns);
    EXPECT_LT(found->age, 1h);
}

}  // namespace
}  // namespace tutti

// Keys of several types, and the text by which others name them.
#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "typed_memory.hpp"

namespace tutti {
namespace {

enum class Planet : std::uint8_t { mercury = 1, earth = 3 };
enum class Colour : std::uint8_t { red, green };   // with a text of its own
enum class Shelf : std::uint8_t { lower, upper };  // counted from one
struct Order {
    std::uint64_t number;
    [[nodiscard]] auto key_text() const { return KeyText<std::uint64_t>::text(number); }
};
struct Seat {
    int row;
    int column;
    [[nodiscard]] std::string key_text() const {
        return std::to_string(row) + "/" + std::to_string(column);
    }
};

}  // namespace

template <>
struct KeyText<Colour> {
    static std::string text(Colour colour) { return colour == Colour::red ? "red" : "green"; }
};
template <>
struct KeyText<Shelf> {
    static auto text(Shelf shelf) { return KeyText<int>::text(static_cast<int>(shelf) + 1); }
};

namespace testing {
namespace {

TEST(TypedMemoryKeys, FindsByItsKeyWhatWasPutByItsText) {
    Typed<std::int32_t, int> numbers;
    numbers.put("-7", 1);
    Typed<std::uint64_t, int> large;
    large.put("18446744073709551615", 2);
    Typed<Planet, int> planets;
    planets.put("3", 3);
    Typed<std::string, int> texts;
    texts.put("earth", 4);
    Typed<Seat, int> seats;
    seats.put("1/2", 5);
    Typed<Colour, int> colours;
    colours.put("green", 6);

    EXPECT_EQ(numbers.get(-7), 1);
    EXPECT_EQ(large.get(~std::uint64_t{0}), 2);
    EXPECT_EQ(planets.get(Planet::earth), 3);
    EXPECT_EQ(texts.get("earth"), 4);
    EXPECT_EQ(seats.get({1, 2}), 5);
    EXPECT_EQ(colours.get(Colour::green), 6);
    EXPECT_EQ(planets.hit(Planet::mercury), Hit::missing);
    EXPECT_EQ(colours.hit(Colour::red), Hit::missing);
}

TEST(TypedMemoryKeys, FindsByItsTextWhatOnlyBorrowsThatOfANumber) {
    Typed<Shelf, int> shelves;
    shelves.put("1", 1);
    Typed<Order, int> orders;
    orders.put("7", 7);

    EXPECT_EQ(shelves.get(Shelf::lower), 1);
    EXPECT_EQ(shelves.hit(Shelf::upper), Hit::missing);
    EXPECT_EQ(orders.get({7}), 7);
}

TEST(TypedMemoryKeys, RemovesByTextWhatWasFoundByKey) {
    Typed<int, int> numbers;
    numbers.put("7", 1);
    Typed<Seat, int> seats;
    seats.put("1/2", 5);

    numbers.erase("7");
    seats.erase("1/2");

    EXPECT_EQ(numbers.hit(7), Hit::missing);
    EXPECT_EQ(seats.hit({1, 2}), Hit::missing);
}

// Invalidations are text that others wrote.
TEST(TypedMemoryKeys, TakesNoTextForANumberThatIsNotExactlyItsText) {
    Typed<int, int> numbers;
    numbers.put("7", 1);

    for (const std::string_view text :
         {"07", "+7", " 7", "7 ", "7.0", "0x7", "", "seven", "-0", "99999999999999999999999"}) {
        numbers.erase(text);
        EXPECT_FALSE(numbers.find(text)) << text;
    }
    numbers.put("07", 2);

    EXPECT_EQ(numbers.get(7), 1);
    EXPECT_EQ(numbers.memory_->size(), 1U);
}

}  // namespace
}  // namespace testing
}  // namespace tutti

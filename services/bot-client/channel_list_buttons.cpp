#include "bot-client/channel_list_buttons.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <ranges>
#include <system_error>
#include <utility>

namespace tutti::services::bot {
namespace {

using Sort = ListView::Sort;
using Scope = ListView::Scope;

constexpr std::string_view family = "channel-list";
// Where a button is; ids must differ within a message, also when two show the same.
constexpr std::array<std::string_view, 4> places{"previous", "page", "next", "sort"};
constexpr std::size_t parts = 7;
constexpr std::int64_t seconds_max = 9'999'999'999;  // nothing to compute an overflow with

std::string_view name_of(Sort sort) { return sort == Sort::date ? "date" : "name"; }
std::string_view name_of(Scope scope) { return scope == Scope::guild ? "guild" : "all"; }

// channel-list:next:2:date:guild:<who asked>:<when, in seconds>
std::string custom_id(std::string_view place, const ListView& view) {
    std::string id(family);
    const auto add = [&id](std::string_view part) { id.append(":").append(part); };
    add(place);
    add(std::to_string(view.page));
    add(name_of(view.sort));
    add(name_of(view.scope));
    add(view.asked_by);
    add(std::to_string(view.asked_at.time_since_epoch().count()));
    return id;
}

template <class Number>
Number number_of(std::string_view text) {
    Number number{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    return error == std::errc{} && end == text.data() + text.size() ? number : Number{};
}

Button button(std::string_view place, std::string label, const ListView& shown) {
    return {.custom_id = custom_id(place, shown), .label = std::move(label)};
}

ListView on_page(ListView view, std::size_t page) {
    view.page = page;
    return view;
}

ListView sorted(ListView view, Sort sort) {
    view.sort = sort;
    view.page = 1;
    return view;
}

}  // namespace

std::vector<Button> list_buttons(const ListView& view, std::size_t pages) {
    const bool by_date = view.sort == Sort::date;
    std::vector<Button> row;
    row.push_back(
        button(places[0], "Previous", on_page(view, std::max<std::size_t>(view.page, 2) - 1)));
    row.back().disabled = view.page <= 1;
    row.push_back(button(
        places[1], "Page " + std::to_string(view.page) + " of " + std::to_string(pages), view));
    row.back().disabled = true;
    row.push_back(button(places[2], "Next", on_page(view, std::min(view.page + 1, pages))));
    row.back().disabled = view.page >= pages;
    row.push_back(button(places[3], by_date ? "Sort by name" : "Sort by date",
                         sorted(view, by_date ? Sort::name : Sort::date)));
    return row;
}

std::optional<ListView> view_of_button(std::string_view id) {
    if (id.size() > custom_id_length_max) return std::nullopt;
    std::vector<std::string_view> part;
    for (const auto piece : std::views::split(id, ':'))
        part.emplace_back(piece.begin(), piece.end());
    if (part.size() != parts || std::ranges::find(places, part[1]) == places.end()) {
        return std::nullopt;
    }
    const auto asked_at = number_of<std::int64_t>(part[6]);
    if (asked_at < 1 || asked_at > seconds_max) return std::nullopt;
    ListView view{.page = number_of<std::size_t>(part[2]),
                  .sort = part[3] == name_of(Sort::name) ? Sort::name : Sort::date,
                  .scope = part[4] == name_of(Scope::all) ? Scope::all : Scope::guild,
                  .asked_by = std::string(part[5]),
                  .asked_at = std::chrono::sys_seconds(std::chrono::seconds(asked_at))};
    if (view.page == 0 || !is_discord_id(view.asked_by)) return std::nullopt;
    // The rest, to the last character.
    if (custom_id(part[1], view) != id) return std::nullopt;
    return view;
}

}  // namespace tutti::services::bot

// What the buttons below a list of channels say. All that an answer needs is in the id of the
// button, so no process remembers a list: any instance answers a press, also one that was started
// after the list was shown, and a list costs nothing while no button is pressed.
//
// An id comes back from a wire. One that this file would not have written is none; whether the
// presser is who asked, and in time, is checked where it is answered.
//
// Thread-safety: functions of their arguments.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bot-client/discord.hpp"

namespace tutti::services::bot {

struct ListView {
    enum class Sort : std::uint8_t { date, name };
    enum class Scope : std::uint8_t { guild, all };

    std::size_t page = 1;
    Sort sort = Sort::date;
    Scope scope = Scope::guild;
    std::string asked_by;               // a user's id
    std::chrono::sys_seconds asked_at;  // of the list, not of this page

    friend bool operator==(const ListView&, const ListView&) = default;
};

// Previous, page, next and sort, as they stand below `view`. Requires: 1 <= view.page <= pages.
[[nodiscard]] std::vector<Button> list_buttons(const ListView& view, std::size_t pages);

// What the button with this id shows, or nothing.
[[nodiscard]] std::optional<ListView> view_of_button(std::string_view custom_id);

}  // namespace tutti::services::bot

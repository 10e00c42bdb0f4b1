#include "cli/roll_call.hpp"

#include <map>
#include <utility>

#include "cli/commands.hpp"
#include "cli/text.hpp"
#include "tutti/bus.hpp"
#include "tutti/error.hpp"

namespace tutti::cli {
namespace {

std::string name_of(const std::string& process) { return in_quotes(without_credentials(process)); }

std::string unanswered(const std::string& process, const Error& error) {
    const std::string why = printable(without_credentials(error.message()));
    if (error.code == Errc::invalid_option) return name_of(process) + ": " + why;
    if (error.code == Errc::protocol || error.code == Errc::too_large) {
        return name_of(process) + " answers, but not what it holds: " + why +
               ". Give it the route GET /holdings (docs/guide/probe.md), or correct the address";
    }
    return name_of(process) + " does not answer: " + why +
           ". Does it run, and is this its address?";
}

}  // namespace

RollCall call_the_roll(std::string_view channel, std::span<const AskedHoldings> asked,
                       std::span<const std::string> members) {
    RollCall roll;
    std::map<std::string_view, const std::string*> heard;  // by member, at which address
    for (const auto& [process, holdings] : asked) {
        if (!holdings) {
            roll.unanswered.push_back(unanswered(process, holdings.error()));
            continue;
        }
        const auto [first, is_first] = heard.emplace(holdings->member, &process);
        if (!is_first) {
            roll.remarks.push_back(name_of(*first->second) + " and " + name_of(process) +
                                   " are one instance, " + in_quotes(holdings->node) +
                                   ": name each by an address of its own, not by a balancer's");
        }
        if (holdings->epoch == Epoch::none) {
            roll.remarks.push_back(
                in_quotes(holdings->node) + " at " + name_of(process) + " hears no channel " +
                in_quotes(channel) +
                ": it is not needed, or CHANNEL is misspelled, or its route does not decode what "
                "it is asked, or it has not reached its Redis yet");
        }
    }
    for (const std::string& member : members) {
        if (heard.contains(member)) continue;
        roll.remarks.push_back(
            in_quotes(member) +
            " is a member of the channel and none of these processes: of each sample it is not "
            "known what it holds, until it has left; name its address, too");
    }
    return roll;
}

}  // namespace tutti::cli

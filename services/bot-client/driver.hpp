// Stands where Discord's wire will be: the same commands and messages come in over HTTP, and the
// replies go back in the answer.
//
//   POST /driver/command  {"command":"channel activate","options":{"personality":"maestro"},
//                          "userId":"1","channelId":"2","guildId":"3",
//                          "permissions":["MANAGE_MESSAGES"]}
//     -> {"replies":[...],"acceptedAtBoottimeNs":...,"completedAtBoottimeNs":...,
//         "invalidation":"published"}
//     ("channel list" takes "options":{"all":true})
//   POST /driver/button  {"customId":"...","userId":"1","channelId":"2","guildId":"3",
//                         "permissions":["MANAGE_MESSAGES"]}
//     -> {"replies":[{...,"embed":{"title":...,"description":...,"footer":...},"replaces":true,
//                     "buttons":[{"customId":"...","label":"Next","disabled":false}]}],...}
//   POST /driver/message  {"authorId":"1","channelId":"2","content":"hello"}
//     -> {"handled":true,"handledBy":"activated-channel","replies":[...],"tier":"memory",...}
//   POST /driver/autocomplete  {"command":"channel activate","option":"personality","value":"mae",
//                               "userId":"1"}
//     -> {"choices":[{"name":"...","value":"maestro"}],"tier":"memory","freshness":"fresh",...}
//
// A command or message in a thread has the channel around it as "parentChannelId". What Discord
// would know by itself may come with a command or a press, up to 1000 channels and servers:
//   "directory":{"channels":{"2":{"name":"general","guildId":"3"}},"guilds":{"3":{"name":"Home"}}}
//
// What shows a reply to Discord allows no mention but that of the author, if "mentionsAuthor" says
// so (`allowed_mentions`): what a model says may name every user.
//
// All want X-Service-Auth. Times are those of CLOCK_BOOTTIME, which all processes of a machine
// share. `acceptedAt` is when the gateway's success arrived, `completedAt` when all was said and
// published.
#pragma once

#include "bot-client/autocomplete.hpp"
#include "bot-client/channel_commands.hpp"
#include "bot-client/channel_list.hpp"
#include "bot-client/message_chain.hpp"
#include "common/http/router.hpp"
#include "common/process/secret.hpp"

namespace tutti::services::bot {

// What the driver drives; all of it outlives the router.
struct DriverTargets {
    const ChannelCommands& commands;
    const ChannelList& list;
    const MessageChain& chain;
    const Autocomplete& autocomplete;
};

void add_driver_routes(http::Router& router, const process::Secret& secret,
                       const DriverTargets& targets);

}  // namespace tutti::services::bot

-- The front of every script that uses a channel. KEYS are the channel's hash, log and acks; ARGV[1] is
-- a fresh random epoch, to be used if this very call has to begin a new one.
--
-- Afterwards epoch, seq, chain, generation, members, stamps and lease hold the state of the channel,
-- and it is valid under the identity that the server has now. A part that was lost, evicted, or restored
-- with an older copy of the server has become a new epoch.
local state_key, log_key, acks_key = KEYS[1], KEYS[2], KEYS[3]

local info = redis.call('INFO', 'replication')
if not string.find(info, 'role:master', 1, true) then
    return redis.error_reply('READONLY the server is a replica')
end
local identity = string.match(info, 'master_replid:(%x+)')
if not identity or not string.find(identity, '[^0]') then
    return redis.error_reply('TUTTI the server does not tell its master_replid')
end

-- What another program stored under our name counts as lost; any other error is the caller's.
local function is_wrong_type(reply)
    return type(reply) == 'table' and reply.err and string.find(reply.err, 'WRONGTYPE', 1, true)
end
local function is_error(reply)
    return type(reply) == 'table' and reply.err and not is_wrong_type(reply)
end
-- Nil: they are none.
local function netstrings(text)
    local found, at = {}, 1
    while at <= #text do
        local length, from = string.match(text, '^(%d+):()', at)
        if not length then return nil end
        at = from + length + 1
        if string.sub(text, at - 1, at - 1) ~= ',' then return nil end
        table.insert(found, string.sub(text, from, at - 2))
    end
    return found
end
local function is_hex(text)
    return text and #text == 16 and not string.find(text, '[^0-9a-f]')
end

local state = redis.pcall('HMGET', state_key, 'v', 'e', 's', 'h', 'n', 'r', 'c', 't', 'b', 'w',
    'g', 'p')
if is_error(state) then return state end
if is_wrong_type(state) then state = {} end
if state[1] and state[1] ~= '1' then
    return redis.error_reply('TUTTI the channel has format ' .. state[1] .. ', this version knows 1')
end
local acks_count = redis.pcall('ZCARD', acks_key)
if is_error(acks_count) then return acks_count end

local epoch, seq, chain = state[2], tonumber(state[3]), state[4]
local members, stamps = tonumber(state[5]), tonumber(state[7])
-- The longest lease that any member may hold. It outlives the epoch: so do the leases.
local lease = tonumber(state[8]) or 0
-- The log is trimmed in two generations: `bytes` were appended since sequence `mark`.
local bytes, mark = tonumber(state[9]) or 0, tonumber(state[10]) or 0
-- Of the coordinated values: one of an earlier generation is absent.
local generation = tonumber(state[11])
-- In front of the keys that the entries name, where values of this channel have been used: netstrings.
-- They are lost with the epoch only, or an entry would leave a value behind.
local prefixes = state[12] and netstrings(state[12])

local function rotate()
    redis.call('DEL', state_key, log_key, acks_key)
    epoch, seq, chain = ARGV[1], 0, ARGV[1]
    members, stamps, bytes, mark, generation, prefixes = 0, 0, 0, 0, 0, {}
    redis.call('HSET', state_key, 'v', 1, 'e', epoch, 's', 0, 'h', chain, 'n', 0, 'r', identity,
        'c', 0, 't', lease, 'b', 0, 'w', 0, 'g', 0,
        'p', '')
end

if not (is_hex(epoch) and seq and is_hex(chain) and members and stamps and generation
        and prefixes and state[6] == identity and members == acks_count) then
    rotate()
end

local function decimal(number)
    return string.format('%.0f', number)
end
local function position()
    return {epoch, decimal(seq), chain, decimal(lease)}
end

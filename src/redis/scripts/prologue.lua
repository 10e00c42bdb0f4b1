-- The front of every script that uses a channel. KEYS are the channel's hash, log and acks; ARGV[1] is
-- a candidate, a fresh random number: the epoch, if this very call has to begin a new one.
--
-- Afterwards epoch, seq, chain, generation, members and lease hold the state of the channel, and it is
-- valid under the identity that the server has now. A part that was lost, evicted, or restored
-- with an older copy of the server has become a new epoch.
--
-- Every publication runs this. A field costs as much as two functions to read, a number as many to make text of; so what
-- few scripts need they read for themselves.
local state_key, log_key, acks_key = KEYS[1], KEYS[2], KEYS[3]

local function tags_key()
    return string.sub(state_key, 1, -2) .. 'tags'
end

local info = redis.call('INFO', 'replication')
if not string.find(info, 'role:master', 1, true) then
    return redis.error_reply('READONLY the server is a replica')
end
local function is_identity(replid)
    return replid and string.find(info, 'master_replid:' .. replid .. '\r\n', 1, true)
end

-- What another program stored under our name counts as lost; any other error is the caller's.
local function is_wrong_type(reply)
    return type(reply) == 'table' and reply.err and string.find(reply.err, 'WRONGTYPE', 1, true)
end
local function is_error(reply)
    return type(reply) == 'table' and reply.err and not is_wrong_type(reply)
end
-- Nil: they are none. Those behind a `#` are the second answer.
local function netstrings(text)
    local found, marked, at = {}, {}, 1
    while at <= #text do
        local mark, length, from = string.match(text, '^(#?)(%d+):()', at)
        if not length or string.find(length, '^0.') then return nil end
        at = from + length + 1
        if string.sub(text, at - 1, at - 1) ~= ',' then return nil end
        table.insert(mark == '' and found or marked, string.sub(text, from, at - 2))
    end
    return found, marked
end
-- The same; nil if one is marked.
local function unmarked_netstrings(text)
    local found, marked = netstrings(text)
    return found and #marked == 0 and found or nil
end
local function is_hex(text)
    return text and #text == 16 and string.find(text, '^[0-9a-f]+$')
end
-- Nil: not a whole number, or none that a double holds exactly.
local function number(text)
    local value = text and string.find(text, '^%d+$') and tonumber(text)
    return value and value < 2 ^ 53 and value or nil
end
local function decimal(value)
    return string.format('%.0f', value)
end

local state = redis.pcall('HMGET', state_key, 'v', 'e', 's', 'h', 'n', 'r', 't', 'b', 'g', 'p',
    'c')
if is_error(state) then return state end
if is_wrong_type(state) then state = {} end
if state[1] and state[1] ~= '1' then
    return redis.error_reply('TUTTI the channel has format ' .. state[1] .. ', this version knows 1')
end
local acks_count = redis.pcall('ZCARD', acks_key)
if is_error(acks_count) then return acks_count end

local epoch, seq, chain = state[2], tonumber(state[3]), state[4]
-- Text until it is counted with: it is told as it was read.
local members = state[5]
-- The longest lease that any member may hold. It outlives the epoch: so do the leases.
local lease_max = 600000  -- Bus::lease_max, in milliseconds
local lease = math.min(number(state[7]) or 0, lease_max)
-- The log is trimmed in two generations: so many bytes were appended since the last time.
local bytes = tonumber(state[8]) or 0
-- Of the coordinated values: one of an earlier generation is absent.
local generation = tonumber(state[9])
-- In front of the keys that the entries name, where values of this channel have been used: netstrings.
-- They are lost with the epoch only, or an entry would leave a value behind.
local prefixes = state[10] and unmarked_netstrings(state[10])
-- Renewals that were taken in this epoch. There are none in those of versions that did not count them.
local renewals = number(state[11]) and state[11] or '0'

local function rotate()
    local identity = string.match(info, 'master_replid:(%x+)')
    if not identity or not string.find(identity, '[^0]') then
        error({err = 'TUTTI the server does not tell its master_replid'})
    end
    -- Of leases: see there.
    local kept, all = {}, redis.pcall('HGETALL', state_key)
    for i = 1, #all, 2 do
        if string.find(all[i], '^[tkud]$') or string.find(all[i], '^m:') then
            table.insert(kept, {all[i], all[i + 1]})
        end
    end
    redis.call('DEL', state_key, log_key, acks_key, tags_key())
    epoch, seq, chain = ARGV[1], 0, ARGV[1]
    members, bytes, generation, prefixes, renewals = '0', 0, 0, {}, '0'
    redis.call('HSET', state_key, 'v', 1, 'e', epoch, 's', 0, 'h', chain, 'n', 0, 'r', identity,
        'b', 0, 'w', 0, 'g', 0, 'p', '')
    for _, field in ipairs(kept) do redis.call('HSET', state_key, field[1], field[2]) end
end

if not (is_hex(epoch) and seq and is_hex(chain) and members and generation and prefixes
        and is_identity(state[6]) and number(members) == acks_count) then
    rotate()
end

-- Every push is a hint of what can be found out in time, so one that the ACL denies undoes nothing.
-- Returns whether it went out.
local function push(channel, message)
    local reply = redis.pcall('PUBLISH', channel, message)
    return not (type(reply) == 'table' and reply.err)
end
local function position()
    return {epoch, decimal(seq), chain, decimal(lease)}
end

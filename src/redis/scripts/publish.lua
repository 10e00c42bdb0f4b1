-- Appends one entry, removes the values that it names, and pushes. ARGV: 2 payload, 3 channel of the
-- entries, 4 plain channel, 5 and 6 how many entries and bytes the log keeps, 7 channel of the wakings, 8 the
-- one on which acknowledgements are asked for, or nothing; from 9 the plain events. Returns the new position, how
-- many pushes the server refused, and the renewals and the members that it knows.
--
-- The values go first: if one must not be touched, nothing has been appended. Who waits for a claim is
-- woken last: a load that begins before the entry arrives would count as older than it, and nothing may
-- come between an entry and its plain events.
local payload = ARGV[2]
local woken = remove(payload)

-- The candidate is in the chain: a server that went back, and is told the same once more at the same place,
-- gives it another one.
local at, linked
local function append()
    at = decimal(seq + 1)
    linked = redis.sha1hex(chain .. ':' .. ARGV[1] .. ':' .. at .. ':' .. payload)
    linked = string.sub(linked, 1, 16)
    local added = redis.pcall('XADD', log_key, 'MAXLEN', '~', ARGV[5], at .. '-0', 'p', chain,
        'h', linked, 'k', payload)
    return type(added) == 'table' and added.err and added
end

-- A log that does not accept the next sequence belongs to another history, and would refuse every
-- later publication too.
local failed = append()
if failed and (is_wrong_type(failed) or string.find(failed.err, 'The ID specified', 1, true)
        or string.find(failed.err, 'exhausted', 1, true)) then
    rotate()
    failed = append()
end
if failed then return failed end

local previous = chain
seq, chain, bytes = seq + 1, linked, bytes + #payload
if bytes > tonumber(ARGV[6]) / 2 then
    local mark = number(redis.call('HGET', state_key, 'w')) or 0
    redis.call('XTRIM', log_key, 'MINID', decimal(mark + 1) .. '-0')
    redis.call('HSET', state_key, 'w', at)
    bytes = 0
end
redis.call('HSET', state_key, 's', at, 'h', chain, 'b', bytes)
if ARGV[8] ~= '' then redis.call('HSET', state_key, 'q', at) end

local refused = 0
local function push_entry(plain_events)
    local header = '1 ' .. epoch .. ' ' .. at .. ' ' .. previous .. ' ' .. chain .. ' ' .. plain_events
    if not push(ARGV[3], header .. '\n' .. payload) then refused = refused + 1 end
end

push_entry(#ARGV - 8)
local unsent = 0
for i = 9, #ARGV do
    if not push(ARGV[4], ARGV[i]) then unsent = unsent + 1 end
end
-- Subscribers count the events behind the entry as its echo and would take the next foreign ones for
-- those that are missing. The entry once more is a duplicate to them, and ends that count.
if unsent > 0 then push_entry(0) end
if ARGV[8] ~= '' and not push(ARGV[8], '1 wanted ' .. epoch .. ' ' .. at) then
    refused = refused + 1
end
wake(ARGV[7], woken)
return {epoch, at, chain, decimal(lease), refused + unsent, renewals, members}

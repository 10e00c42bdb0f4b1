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
local function append()
    local linked = redis.sha1hex(table.concat({chain, ARGV[1], decimal(seq + 1), payload}, ':'))
    linked = string.sub(linked, 1, 16)
    local added = redis.pcall('XADD', log_key, 'MAXLEN', '~', ARGV[5], decimal(seq + 1) .. '-0',
        'p', chain, 'h', linked, 'k', payload)
    if type(added) == 'table' and added.err then return added, nil end
    return nil, linked
end

-- A log that does not accept the next sequence belongs to another history, and would refuse every
-- later publication too.
local function is_foreign_log(failed)
    return is_wrong_type(failed) or string.find(failed.err, 'The ID specified', 1, true)
        or string.find(failed.err, 'exhausted', 1, true)
end

local failed, linked = append()
if failed and is_foreign_log(failed) then
    rotate()
    failed, linked = append()
end
if failed then return failed end

local previous = chain
seq, chain, bytes = seq + 1, linked, bytes + #payload
if bytes > tonumber(ARGV[6]) / 2 then
    redis.call('XTRIM', log_key, 'MINID', decimal(mark + 1) .. '-0')
    bytes, mark = 0, seq
end
if ARGV[8] ~= '' then wanted = seq end
redis.call('HSET', state_key, 's', decimal(seq), 'h', chain, 'b', decimal(bytes), 'w', decimal(mark),
    'q', decimal(wanted))

local refused = 0
local function push_entry(plain_events)
    local header = {'1', epoch, decimal(seq), previous, chain, plain_events}
    if not push(ARGV[3], table.concat(header, ' ') .. '\n' .. payload) then refused = refused + 1 end
end

push_entry(#ARGV - 8)
local unsent = 0
for i = 9, #ARGV do
    if not push(ARGV[4], ARGV[i]) then unsent = unsent + 1 end
end
-- Subscribers count the events behind the entry as its echo and would take the next foreign ones for
-- those that are missing. The entry once more is a duplicate to them, and ends that count.
if unsent > 0 then push_entry(0) end
if ARGV[8] ~= '' and not push(ARGV[8], '1 wanted ' .. epoch .. ' ' .. decimal(seq)) then
    refused = refused + 1
end
wake(ARGV[7], woken)
local answer = position()
table.insert(answer, refused + unsent)
table.insert(answer, decimal(renewals))
table.insert(answer, decimal(members))
return answer

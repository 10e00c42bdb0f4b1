-- Adds all jobs or none. ARGV: 1 waiting_max, 2 waiting_bytes_max, 3 ttl of a job that has not
-- ended (s), then for each job jobId, requestId, name, data, parent, children as JSON, how many,
-- channel, reference; empty ones are absent.
local first = 4
local width = 9
local jobs = (#ARGV - first + 1) / width
if redis.call('EXISTS', record_of(ARGV[first])) == 1 then return 'KNOWN' end

local bytes = 0
for i = 0, jobs - 1 do
    -- Of an earlier call with other jobs: a worker may have it.
    if redis.call('EXISTS', record_of(ARGV[first + width * i])) == 1 then return 'MIXED' end
    bytes = bytes + #ARGV[first + width * i + 3]
end
local load = redis.call('HMGET', figures, 'waiting', 'bytes')
if (tonumber(load[1]) or 0) + jobs > tonumber(ARGV[1])
    or (tonumber(load[2]) or 0) + bytes > tonumber(ARGV[2]) then
    return 'FULL'
end

local now = decimal(now_ms())
for i = 0, jobs - 1 do
    local at = first + width * i
    local id, record = ARGV[at], record_of(ARGV[at])
    redis.call('HSET', record, 'requestId', ARGV[at + 1], 'name', ARGV[at + 2], 'data', ARGV[at + 3],
        'bytes', #ARGV[at + 3], 'progress', 0, 'timestamp', now)
    if ARGV[at + 4] ~= '' then redis.call('HSET', record, 'parent', ARGV[at + 4]) end
    if ARGV[at + 5] ~= '' then
        redis.call('HSET', record, 'children', ARGV[at + 5], 'left', ARGV[at + 6])
    end
    if ARGV[at + 7] ~= '' then
        redis.call('HSET', record, 'channel', ARGV[at + 7], 'reference', ARGV[at + 8])
    end
    redis.call('EXPIRE', record, ARGV[3])
    set_status(record, ARGV[at + 5] == '' and 'waiting' or 'waiting-children')
    if ARGV[at + 5] == '' then make_ready(id) end
end
return 'ADDED'

-- How a job ends, whoever found it out.

local function leave_dead_letter(id, cause, attempts)
    local known = of_record('HMGET', record_of(id), 'requestId', 'name') or {}
    redis.call('XADD', stream .. ':dead', 'MAXLEN', 1000, '*', 'jobId', id, 'requestId', known[1] or '',
        'name', known[2] or '', 'attempts', attempts, 'cause', cause)
    count('dead', 1)
end

-- The conversation of a job that has ended, what it paid for and its lease are gone.
local function strip(record, ...)
    redis.call('HDEL', record, 'data', 'bytes', 'token', 'ticket', 'worker', ...)
    for _, field in ipairs(redis.call('HKEYS', record)) do
        if string.sub(field, 1, 5) == 'paid:' then redis.call('HDEL', record, field) end
    end
end

-- A record that its parent will read is kept until the parent has ended.
local function settle_family(id, parent_id, children, ttl)
    if children then
        for _, child in ipairs(cjson.decode(children)) do
            redis.call('EXPIRE', record_of(child), ttl)
        end
    end
    local parent = parent_id and record_of(parent_id)
    if not parent or of_record('HGET', parent, 'status') ~= 'waiting-children' then
        redis.call('EXPIRE', record_of(id), ttl)
        return
    end
    if redis.call('HINCRBY', parent, 'left', -1) > 0 then return end
    set_status(parent, 'waiting')
    make_ready(parent_id)
end

local results_max, results_bytes_max = 10000, 64 * 1024 * 1024

-- The bytes of all results up to this one, so those of a stretch are a difference, whoever deletes
-- what.
local function up_to(entry)
    return tonumber((fields_of(entry) or {}).upTo) or 0
end

local function newest_result()
    if redis.call('EXISTS', results) == 0 then return nil end
    local info = redis.call('XINFO', 'STREAM', results)
    for i = 1, #info, 2 do
        if info[i] == 'last-entry' then return info[i + 1] end
    end
end

local function is_behind(id, other)
    local ms, number = string.match(id, '(%d+)-(%d+)')
    local other_ms, other_number = string.match(other, '(%d+)-(%d+)')
    if ms ~= other_ms then return tonumber(ms) > tonumber(other_ms) end
    return tonumber(number) > tonumber(other_number)
end

-- Deletes a result. One that no bot has ended is a dead letter, so that its loss is not silent.
local function drop_result(entry)
    local known = group_of(results, readers)
    local waits = not known or is_behind(entry[1], known['last-delivered-id'])
        or redis.call('XPENDING', results, readers, entry[1], entry[1], 1)[1] ~= nil
    if waits then
        local fields = fields_of(entry)
        redis.call('XADD', results .. ':dead', 'MAXLEN', 1000, '*', 'jobId', fields.jobId or '',
            'requestId', fields.requestId or '', 'name', 'reply-delivery', 'attempts', 0, 'cause',
            'too many results waited for a bot, and this was the oldest one')
        redis.call('HINCRBY', results .. ':figures', 'dead', 1)
    end
    if known then redis.call('XACK', results, readers, entry[1]) end
    redis.call('XDEL', results, entry[1])
end

-- For the bots. The oldest go, read or not, when there are more than 10,000 or too many bytes.
local function leave_result(id, job, result, at)
    local bytes = up_to(newest_result()) + #result
    redis.call('XADD', results, '*', 'jobId', id, 'requestId', job[3],
        'result', result, 'completedAt', at, 'channel', job[1], 'reference', job[2],
        'upTo', decimal(bytes))
    while true do
        local oldest = redis.call('XRANGE', results, '-', '+', 'COUNT', 1)[1]
        if bytes - up_to(oldest) <= results_bytes_max and redis.call('XLEN', results) <= results_max then
            return
        end
        drop_result(oldest)
    end
end

-- `job`: channel, reference, requestId.
local function announce(id, job, status, text, at)
    redis.call('XADD', stream .. ':finished', 'MAXLEN', '~', 1000, '*', 'jobId', id, 'status', status)
    if not job[1] or stream == results then return end
    local result = text
    if status == 'failed' then
        result = cjson.encode({requestId = job[3], success = false, error = text})
    end
    local left, why = pcall(leave_result, id, job, result, at)
    if left then return end
    leave_dead_letter(id, 'its result is in its record, and could not be left in ' .. results .. ': '
        .. (type(why) == 'table' and why.err or tostring(why)), 0)
end

-- `text` is the result of a completed job, the cause of a failed one.
local function finish(id, status, text, at, ttl)
    local record = record_of(id)
    local job = redis.call('HMGET', record, 'channel', 'reference', 'requestId', 'ticket', 'status', 'bytes',
        'parent', 'children')
    count_status(job[5], status, job[6])
    local field = status == 'completed' and 'result' or 'error'
    redis.call('HSET', record, 'status', status, field, text, 'progress', 100)
    announce(id, job, status, text, at)
    strip(record, status == 'completed' and 'error' or 'result')
    settle_family(id, job[7], job[8], ttl)
    if job[4] then drop_ticket(job[4]) end
end

-- The next job, leased. ARGV: 1 worker, 2 token, 3 lease (ms), 4 attempts_max, 5 the time as text,
-- 6 ttl of an ended record (s), 7 of one that has not ended, 8 the cursor of the scan for lapsed
-- leases, 9 `again` when the answer to the last claim with this token was lost.
--
-- Answers {'JOB', cursor, made, jobId, ticket, attempt, requestId, name, data, children, channel,
-- reference}, {'MORE', cursor, made}: nothing yet, ask again at once, or {'NONE', cursor, made, id
-- after which the next ticket will be, ms until a ticket may be free}. `made`: the group was not
-- there, and is now.
local worker, token, lease, attempts_max = ARGV[1], ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])
local cursor, made = ARGV[8], 0

local function last_delivered()
    if redis.call('EXISTS', stream) == 0 then return nil end
    for _, info in ipairs(redis.call('XINFO', 'GROUPS', stream)) do
        local known = {}
        for i = 1, #info, 2 do known[info[i]] = info[i + 1] end
        if known.name == group then return known['last-delivered-id'] end
    end
end

if not last_delivered() then
    redis.call('XGROUP', 'CREATE', stream, group, '0', 'MKSTREAM')
    made = 1
end

local function job_of(ticket)
    local entry = redis.call('XRANGE', stream, ticket, ticket)[1]
    if not entry then return nil end
    local fields = entry[2]
    for i = 1, #fields, 2 do
        if fields[i] == 'jobId' then return fields[i + 1] end
    end
end

local function leased(id, ticket, attempt)
    local job = redis.call('HMGET', record_of(id), 'requestId', 'name', 'data', 'children', 'channel',
        'reference')
    return {'JOB', cursor, made, id, ticket, attempt, job[1] or '', job[2], job[3], job[4] or '',
        job[5] or '', job[6] or ''}
end

-- The lease that the lost answer spoke of.
if ARGV[9] == 'again' then
    for _, pending in ipairs(redis.call('XPENDING', stream, group, '-', '+', 1000, worker)) do
        local id = job_of(pending[1])
        if id and is_held(record_of(id), token) then
            return leased(id, pending[1], tonumber(redis.call('HGET', record_of(id), 'attempts')))
        end
    end
end

-- A ticket whose lease has lapsed, or that was given back. A page without one is not the end of the
-- scan.
local function lapsed_ticket()
    for _ = 1, 100 do
        local page = redis.call('XAUTOCLAIM', stream, group, worker, lease, cursor, 'COUNT', 1, 'JUSTID')
        cursor = page[1]
        if page[2][1] then return page[2][1] end
        if cursor == '0-0' then return nil end
    end
end

local function new_ticket()
    local read = redis.call('XREADGROUP', 'GROUP', group, worker, 'COUNT', 1, 'STREAMS', stream, '>')
    return read and read[1][2][1][1]
end

-- Leases the ticket's job, or says why it cannot be carried out, which ends it.
local function take(ticket)
    local id = job_of(ticket)
    local record = id and record_of(id)
    local job = id and redis.call('HMGET', record, 'status', 'name', 'data', 'attempts', 'error', 'parent')
    if not id or not job[1] then
        leave_dead_letter(id or '', id and 'its record is gone' or 'the entry names no job', 0)
        drop_ticket(ticket)
        return nil
    end
    if job[1] == 'completed' or job[1] == 'failed' then
        drop_ticket(ticket)
        return nil
    end
    redis.call('HSET', record, 'ticket', ticket)
    local attempts = tonumber(job[4]) or 0
    local cause = nil
    if not (job[2] and job[3]) then cause = 'its record has no name or no data' end
    if attempts >= attempts_max then
        cause = 'no worker ended it in ' .. attempts .. ' attempts'
        if job[5] then cause = cause .. '; an earlier one failed: ' .. job[5] end
    end
    if cause then
        leave_dead_letter(id, cause, attempts)
        finish(id, 'failed', cause, ARGV[5], ARGV[6])
        return nil
    end
    set_status(record, 'active')
    redis.call('HSET', record, 'token', token, 'worker', worker, 'attempts', attempts + 1)
    redis.call('EXPIRE', record, ARGV[7])
    return leased(id, ticket, attempts + 1)
end

-- Without a ticket nothing waits and nothing is active: a parent waits for children, which have
-- tickets. What was counted of records that are lost ends here.
local function forget_figures()
    if redis.call('XLEN', stream) == 0 and redis.call('EXISTS', figures) == 1 then
        redis.call('HDEL', figures, 'waiting', 'bytes', 'active')
    end
end

local function free_in()
    local ms = lease
    for _, pending in ipairs(redis.call('XPENDING', stream, group, '-', '+', 100)) do
        ms = math.min(ms, lease - pending[3])
    end
    return math.max(ms, 1)
end

for _ = 1, 16 do
    local ticket = lapsed_ticket() or (cursor == '0-0' and new_ticket())
    if not ticket and cursor ~= '0-0' then return {'MORE', cursor, made} end
    if not ticket then
        forget_figures()
        return {'NONE', cursor, made, last_delivered(), free_in()}
    end
    local job = take(ticket)
    if job then return job end
end
return {'MORE', cursor, made}

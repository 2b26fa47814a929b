-- Writes what one chunk changes, and how far the flow has come with it, in one step or not at all.
--
-- KEYS: the flow's hash of offsets.
-- ARGV: partition, the offset this chunk starts at ('' for nowhere yet), the next one,
--       and in MessagePack {seen = {{key, seconds, ids of 16 bytes each}...}, ops = {{name, argument...}...},
--       since = offset or nil}.
-- Answers {'moved', offset} when another has written meanwhile, else {'done', result...}.

local SPAN = 8388608 -- 2^23: below it the tie-break, above it the score (features/leaderboards.py)
local HIGHEST = 1073741823

local at = redis.call('HGET', KEYS[1], ARGV[1]) or ''
if at ~= ARGV[2] then return {'moved', at} end
local change = cmsgpack.unpack(ARGV[4])

for _, block in ipairs(change.seen) do
  redis.call('APPEND', block[1], block[3])
  redis.call('EXPIRE', block[1], block[2])
end

local results = {'done'}
local run = {}

-- key, field, value: keep the largest
function run.largest(key, field, value)
  local known = redis.call('HGET', key, field)
  if not known or tonumber(known) < value then redis.call('HSET', key, field, value) end
end

-- people, totals, what, who: whoever is `what` for the first time is known by its letter, and counts in the totals
function run.joined(people, totals, what, who)
  local known, new, letter = redis.call('HMGET', people, unpack(who)), {}, string.sub(what, 1, 1)
  for i, one in ipairs(who) do
    local before = known[i] or ''
    if not string.find(before, letter, 1, true) then new[#new + 1], new[#new + 2] = one, before .. letter end
  end
  if #new == 0 then return end
  redis.call('HSET', people, unpack(new))
  redis.call('HINCRBY', totals, what, #new / 2)
end

-- board, totals, members, mores, ties: add to totals and place their owners; of equals the one who got there first leads
function run.places(board, totals, members, mores, ties)
  local known = redis.call('HMGET', totals, unpack(members))
  local stood = redis.call('ZMSCORE', board, unpack(members))
  local sums, none, stands, gone = {}, {}, {}, {}
  for i, member in ipairs(members) do
    local total, tie = tonumber(known[i] or 0) + mores[i], ties[i]
    if total ~= 0 then sums[#sums + 1], sums[#sums + 2] = member, total else none[#none + 1] = member end
    if total <= 0 then -- all of it was taken back, or more: what is put back later adds to that
      gone[#gone + 1] = member
    else
      if stood[i] then tie = math.max(tie, SPAN - 1 - tonumber(stood[i]) % SPAN) end
      stands[#stands + 1], stands[#stands + 2] = math.min(total, HIGHEST) * SPAN + (SPAN - 1 - tie), member
    end
  end
  if #sums > 0 then redis.call('HSET', totals, unpack(sums)) end
  if #none > 0 then redis.call('HDEL', totals, unpack(none)) end
  if #stands > 0 then redis.call('ZADD', board, unpack(stands)) end
  if #gone > 0 then redis.call('ZREM', board, unpack(gone)) end
end

-- key, seconds: let it go after so long at the earliest
function run.keep(key, seconds)
  if redis.call('TTL', key) < seconds then redis.call('EXPIRE', key, seconds) end
end

-- key, counter, mark [, group, most]: count a mark once, and of one group not more than most
function run.mark(key, counter, mark, group, most)
  if redis.call('HSETNX', key, mark, 1) == 0 then return end
  if group and redis.call('HINCRBY', key, group, 1) > most then return end
  redis.call('HINCRBY', key, counter, 1)
end

-- key, stream, at (ms), watching {gap, minute, streams}: a sign of life; full minutes of all sessions of the day, of so
-- many streams at once (features/experience.py)
function run.watch(key, stream, at, watching)
  local name, since, last, apart = 'signs:' .. stream, at, at, {}
  local known = redis.call('HGET', key, name)
  for from, to in string.gmatch(known or '', '(%d+)-(%d+)') do
    from, to = tonumber(from), tonumber(to)
    if from <= at and at <= to then return end
    if from - at <= watching.gap and at - to <= watching.gap then
      since, last = math.min(since, from), math.max(last, to)
    else
      apart[#apart + 1] = from .. '-' .. to
    end
  end
  apart[#apart + 1] = since .. '-' .. last
  redis.call('HSET', key, name, table.concat(apart, ','))
  local streams = redis.call('HGET', key, 'watched') or ''
  if not known then
    streams = streams .. stream .. ' '
    redis.call('HSET', key, 'watched', streams)
  end
  local sessions, over, minutes = {}, {}, 0
  for each in string.gmatch(streams, '%S+') do
    for from, to in string.gmatch(redis.call('HGET', key, 'signs:' .. each), '(%d+)-(%d+)') do
      sessions[#sessions + 1] = {tonumber(from), tonumber(to)}
    end
  end
  table.sort(sessions, function(a, b) return a[1] < b[1] or (a[1] == b[1] and a[2] < b[2]) end)
  for lane = 1, watching.streams do over[lane] = 0 end
  for _, session in ipairs(sessions) do
    table.sort(over)
    minutes = minutes + math.floor(math.max(0, session[2] - math.max(session[1], over[1])) / watching.minute)
    over[1] = math.max(over[1], session[2])
  end
  redis.call('HSET', key, 'watch', minutes)
end

local levels, weights = {}, {}

-- thresholds: the experience at which each level from the second on begins, and what acts weigh; they hold for this call
function run.experience(thresholds, each) levels, weights = thresholds, each end

local function level_of(xp)
  local low, high = 0, #levels
  while low < high do
    local middle = math.ceil((low + high) / 2)
    if levels[middle] <= xp then low = middle else high = middle - 1 end
  end
  return low + 1
end

local function visits_beside(visits, day, step, most)
  local found, beside = 0, day + step
  while found < most and beside >= 0 and redis.call('GETBIT', visits, beside) == 1 do
    found, beside = found + 1, beside + step
  end
  return found
end

-- visits (a bit a day), day, news, id, room, streaks {days, badge}: somebody came on this day
function run.visit(visits, day, news, id, room, streaks)
  if redis.call('SETBIT', visits, day, 1) == 1 or #streaks == 0 then return end
  local most = streaks[#streaks][1]
  local run_of = 1 + visits_beside(visits, day, -1, most) + visits_beside(visits, day, 1, most)
  for _, streak in ipairs(streaks) do
    if run_of >= streak[1] then redis.call('RPUSH', news, 'badge ' .. id .. ' ' .. streak[2] .. ' ' .. room) end
  end
end

-- key, field, more, news, id, room, badges {threshold, badge}: count, and tell of each badge whose number is reached
function run.tally(key, field, more, news, id, room, badges)
  local now = redis.call('HINCRBY', key, field, more)
  for _, badge in ipairs(badges) do
    if now - more < badge[1] and badge[1] <= now then
      redis.call('RPUSH', news, 'badge ' .. id .. ' ' .. badge[2] .. ' ' .. room)
    end
  end
end

-- crowd, who, seconds, achievements, news, id, room, badges {size, badge}: how many different ones are in a set
function run.crowd(crowd, who, seconds, achievements, news, id, room, badges)
  if redis.call('SADD', crowd, unpack(who)) == 0 then return end
  redis.call('EXPIRE', crowd, seconds)
  local size = redis.call('SCARD', crowd)
  for _, badge in ipairs(badges) do
    if size >= badge[1] and redis.call('HSETNX', achievements, badge[2], 1) == 1 then
      redis.call('RPUSH', news, 'badge ' .. id .. ' ' .. badge[2] .. ' ' .. room)
    end
  end
end

-- firsts, who, most, ...: one of the first who came counts, by `tally`
function run.early(firsts, who, most, ...)
  if redis.call('HLEN', firsts) < most and redis.call('HSETNX', firsts, who, 1) == 1 then run.tally(...) end
end

local COUNTED = {
  'slots', 'texts', 'reactions', 'watch', 'paid', 'prizes', 'votes', 'answers', 'challenges', 'xp', 'at',
  'tie', 'placed', 'came',
}

-- what was counted in a hash of a day, and the experience that it makes (features/experience.py); `came` adds the visit;
-- day: {number, visits, when something was earned last, subscriptions}
local function worth(key, day, came)
  local did = {}
  for i, value in ipairs(redis.call('HMGET', key, unpack(COUNTED))) do did[COUNTED[i]] = tonumber(value or 0) end
  local spend = math.min(weights.spend_cap, math.max(0, math.floor(did.paid / weights.paid)) + did.prizes)
  local gained = weights.chat * math.min(did.slots, did.texts)
  for _, name in ipairs({'reactions', 'watch', 'votes', 'answers', 'challenges'}) do
    gained = gained + weights[name] * did[name]
  end
  if (came or did.came == 1) and redis.call('GETBIT', day[2], day[1]) == 1 then
    gained = gained + weights.visit * (1 + visits_beside(day[2], day[1], -1, weights.streak - 1))
  end
  if redis.call('GETBIT', day[4], day[1]) == 1 then gained = gained + math.floor(gained / weights.subscriber) end
  return math.min(weights.cap, gained + spend), did
end

-- person's hash, the day's hash, id, day as above, boards, news, room:
-- the day's experience anew, and the level that it makes
function run.learn(person, key, id, day, boards, news, room)
  local gained, did = worth(key, day, true)
  gained = gained - did.xp
  local is_later = day[3] > did.at
  if gained == 0 and not is_later then return end -- less than nothing after a refund
  redis.call('HINCRBY', key, 'xp', gained)
  if is_later then redis.call('HSET', key, 'at', day[3]) end
  local xp = redis.call('HINCRBY', person, 'xp', gained)
  for _, board in ipairs(boards) do
    run.places(board[1], board[2], {id}, {gained}, {board[3]})
    if board[4] > 0 then
      redis.call('EXPIRE', board[1], board[4])
      redis.call('EXPIRE', board[2], board[4])
    end
  end
  local known = redis.call('HMGET', person, 'level', 'best')
  local level, best = level_of(xp), tonumber(known[2] or known[1] or 1)
  if level ~= tonumber(known[1] or 1) then redis.call('HSET', person, 'level', level) end
  for reached = best + 1, level do
    redis.call('RPUSH', news, 'level ' .. id .. ' ' .. reached .. ' ' .. room .. ' ' .. xp)
  end
  if level > best then redis.call('HSET', person, 'best', level) end
end

-- id, day as above, names with * for the stream, seconds to keep a board: the day's experience in each stream
function run.learn_there(id, day, names, keep)
  for _, stream in ipairs(redis.call('SMEMBERS', names.streams)) do
    local key, board = string.gsub(names.day, '%*', stream), string.gsub(names.board, '%*', stream)
    local totals = string.gsub(names.totals, '%*', stream)
    local made, did = worth(key, day, false)
    if made ~= did.xp or did.tie > did.placed then
      redis.call('HSET', key, 'xp', made, 'placed', did.tie)
      run.places(board, totals, {id}, {made - did.xp}, {did.tie})
      redis.call('EXPIRE', board, keep)
      redis.call('EXPIRE', totals, keep)
    end
  end
end

-- what somebody gives to a challenge, of its kind and in its time; a follower counts once
local function give(challenge, about, kind, user, second, more)
  if kind ~= about[1] or second < tonumber(about[2]) or second >= tonumber(about[3]) then return false end
  if kind == 'followers' then
    if redis.call('HEXISTS', about[4], user) == 1 then return false end
    more = 1
  end
  redis.call('HINCRBY', about[4], user, more)
  redis.call('HINCRBY', challenge, 'progress', more)
  return true
end

local function know(challenge)
  return redis.call('HMGET', challenge, 'kind', 'from', 'until', 'people', 'id')
end

-- challenge, changes, name, acts {kind, user, second, more}: what counts in the challenge that is on, if one is
function run.contribute(challenge, changes, name, acts)
  local about, gave = know(challenge), false
  if not about[1] then return end
  for _, act in ipairs(acts) do gave = give(challenge, about, unpack(act)) or gave end
  if gave then redis.call('HINCRBY', changes, name, 1) end
end

-- challenge, changes, name, fields, kept: begin a challenge with the acts of its time that were seen before it
function run.announce(challenge, changes, name, fields, kept)
  redis.call('DEL', challenge)
  redis.call('HSET', challenge, unpack(fields))
  local about, gave = know(challenge), false
  for _, key in ipairs(kept) do
    local acts = redis.call('HGETALL', key)
    for i = 1, #acts, 2 do
      local second, kind, user = string.match(acts[i], '^(%d+):([^:]+):(.+)$')
      gave = give(challenge, about, kind, user, tonumber(second), tonumber(acts[i + 1])) or gave
    end
  end
  if gave then redis.call('HINCRBY', changes, name, 1) end
end

-- challenge, changes, name, id, user, points: add to this challenge, whatever it counts
function run.help(challenge, changes, name, id, user, points)
  local about = know(challenge)
  if about[5] ~= id then return end
  redis.call('HINCRBY', about[4], user, points)
  redis.call('HINCRBY', challenge, 'progress', points)
  redis.call('HINCRBY', changes, name, 1)
end

-- ten numbers as they rest (features/pulse.py), as wide as the largest of them needs
local WIDTHS = {{'B', 256}, {'I2', 65536}, {'I4', 4294967296}, {'I8'}}
local FORMATS = {}
for _, width in ipairs(WIDTHS) do
  width[1] = '<' .. string.rep(width[1], 10)
  FORMATS[struct.size(width[1])] = width[1]
end

local function at_rest(row)
  local largest = math.max(unpack(row))
  for _, width in ipairs(WIDTHS) do
    if not width[2] or largest < width[2] then return struct.pack(width[1], unpack(row)) end
  end
end

-- key, seconds to keep it, fields, rows: add to ten numbers in each field
function run.sum(key, keep, fields, rows)
  local known, size, new = redis.call('HMGET', key, unpack(fields)), #rows / #fields, {}
  for i, field in ipairs(fields) do
    local row = string.sub(rows, (i - 1) * size + 1, i * size)
    if known[i] then
      local sums = {struct.unpack(FORMATS[#known[i]], known[i])}
      local more = {struct.unpack(FORMATS[size], row)}
      for slot = 1, 10 do sums[slot] = sums[slot] + more[slot] end
      sums[11] = nil -- where the reading ended
      row = at_rest(sums)
    end
    new[#new + 1], new[#new + 2] = field, row
  end
  redis.call('HSET', key, unpack(new))
  redis.call('EXPIRE', key, keep)
end

-- key, seconds to keep it (0: always), fields, rows: set rows of doubles, each a field (features/affinity.py)
function run.rows(key, keep, fields, rows)
  local new = {}
  for i, row in ipairs(rows) do
    new[#new + 1], new[#new + 2] = fields[i], struct.pack('<' .. string.rep('d', #row), unpack(row))
  end
  redis.call('HSET', key, unpack(new))
  if keep > 0 then redis.call('EXPIRE', key, keep) end
end

-- forgotten, user, since, habits: nothing from before `since` is to be known; once for each choice
function run.forget(forgotten, user, since, habits)
  if redis.call('HGET', forgotten, user) == since then return end
  redis.call('HSET', forgotten, user, since)
  redis.call('DEL', habits)
end

for _, op in ipairs(change.ops) do
  local own = run[op[1]]
  if own then own(unpack(op, 2)) else redis.call(unpack(op)) end
end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
if change.since then redis.call('HSET', KEYS[1], ARGV[1] .. ':since', change.since) end
return results

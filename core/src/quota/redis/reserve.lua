-- Units, and who spends them, with the process and without.
local units, entry, sum = tonumber(ARGV[11]), ARGV[12], ARGV[13]
if moved() then
    return answer({ 'moved', {} })
end
local standing = counts()
local _, full = left(standing, units)
if full then
    return answer({ 'no', { full } })
end
local taken = take(standing, units)
spend(entry, sum, units)
return answer({ 'yes', taken })

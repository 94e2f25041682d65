-- Units, and who had spent them, with the process and without.
give(tonumber(ARGV[8]))
spend(ARGV[9], ARGV[10], -tonumber(ARGV[8]))
return answer(0)

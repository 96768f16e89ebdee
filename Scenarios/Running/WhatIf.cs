using Scenarios.Model;
using Scenarios.Platforms;
using Scenarios.Results;

namespace Scenarios.Running;

/// <summary>
/// Looks for the smallest change of register values that alters a verdict: the fields that decided are changed one at a time; where none of
/// them alters it, the fields that decided then are changed as well, and so on.
/// </summary>
/// <param name="variants">Runs a variant.</param>
/// <param name="jobs">How many at once.</param>
internal sealed class WhatIf(IVariantRunner variants, int jobs)
{
    private const int MostChanges = 3;
    private const int MostRuns = 64;

    public IReadOnlyList<WhatIfAnswer> Ask(ScenarioResult result, CancellationToken cancellation)
    {
        var searches = result.Variants.Where(v => v.Result.Failure is null)
            .Select(v => new Search(result.File.Variants.First(r => r.Variant == v.Result.Variant), v.Result)).ToList();
        for (var depth = 1; depth <= MostChanges && !cancellation.IsCancellationRequested; depth++)
        {
            var questions = searches.Where(s => s.Found.Count == 0).SelectMany(s => s.Next().Select(c => (Search: s, Changes: c))).ToList();
            if (questions.Count == 0) break;
            var file = result.File with { Variants = [.. questions.Select(q => q.Search.Script with { Changes = q.Changes })] };
            var answers = new ScenarioRunner(variants, jobs).Run(file, cancellation);
            if (answers.Interrupted) break;
            foreach (var ((search, changes), answer) in questions.Zip(answers.Variants)) search.Take(changes, answer.Result);
        }

        return [.. searches.Select(s => new WhatIfAnswer(s.Was, s.Runs,
            [.. s.Found.OrderBy(f => f.Changes.Count).ThenBy(f => f.Changes.Sum(c => long.PopCount((long)(c.Value ^ c.Was))))]))];
    }

    private sealed class Search(ResolvedScript script, VariantResult was)
    {
        private readonly HashSet<string> _asked = [];
        private List<(IReadOnlyList<RegisterChange> Changes, VariantResult Result)> _open = [([], was)];

        public ResolvedScript Script => script;

        public VariantResult Was => was;

        public int Runs { get; private set; }

        public List<WhatIfAlteration> Found { get; } = [];

        /// <summary>The next changes to try: each set that altered nothing so far, and one more field that decided there.</summary>
        public List<IReadOnlyList<RegisterChange>> Next()
        {
            List<IReadOnlyList<RegisterChange>> next = [];
            foreach (var (changes, result) in _open)
            {
                foreach (var field in result.Registers.Where(f => !f.IsAbsent))
                {
                    var path = $"{field.Register}.{field.Field}";
                    if (changes.Any(c => c.Function == field.Component && c.Path == path)) continue;
                    foreach (var value in RegisterField.OtherValues(path, field.Value))
                    {
                        IReadOnlyList<RegisterChange> more = [.. changes, new(field.Component, path, value, field.Value)];
                        var key = string.Join('\n', more.Select(c => c.ToString()).Order(StringComparer.Ordinal));
                        if (Runs + next.Count < MostRuns && _asked.Add(key)) next.Add(more);
                    }
                }
            }

            _open = [];
            return next;
        }

        public void Take(IReadOnlyList<RegisterChange> changes, VariantResult result)
        {
            Runs++;
            if (result.Failure is not null) return;
            if ((result.Host, result.Migration) == (was.Host, was.Migration)) _open.Add((changes, result));
            else Found.Add(new WhatIfAlteration(changes, result));
        }
    }
}

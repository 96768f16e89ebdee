using Scenarios.Language;
using Scenarios.Model;
using Scenarios.Results;
using Sim.Core;

namespace Scenarios.Running;

/// <summary>
/// Runs the variants of a script on some threads. Results are kept by variant, so any number of threads gives the same answer.
/// </summary>
public sealed class ScenarioRunner(IVariantRunner variants, int jobs)
{
    /// <param name="finished">Told the number of finished variants; one call at a time.</param>
    public ScenarioResult Run(ScriptFile file, CancellationToken cancellation, Action<int>? finished = null)
    {
        var results = new VariantResult?[file.Variants.Count];
        var errors = new ScriptException?[file.Variants.Count];
        var done = 0;
        var spare = jobs > results.Length; // Where every job has a variant to run, a second thread for each only takes turns with them.
        var gate = new Lock();
        Workers.Each(jobs, results.Length, Run);

        if (errors.FirstOrDefault(e => e is not null) is { } error) throw error;
        var judged = results.OfType<VariantResult>().Select(r => Judge.Hold(file, r)).ToList();
        return new ScenarioResult(file, judged, Interrupted: judged.Count < results.Length);

        void Run(int i)
        {
            if (cancellation.IsCancellationRequested) return;
            try
            {
                results[i] = variants.Run(file.Variants[i] with { TracesBeside = spare }, cancellation);
            }
            catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
            {
                return;
            }
            catch (ScriptException e)
            {
                errors[i] = e;
                return;
            }
            catch (SimProcessException e) when (e.InnerException is ScriptException script)
            {
                // What only the machine knows, an entry of the timeline finds out when its time comes.
                errors[i] = script;
                return;
            }
            catch (Exception e)
            {
                var fault = $"{e.GetType().Name}: {e.Message.ReplaceLineEndings(" ")}";
                results[i] = new VariantResult(file.Variants[i].Variant) { Failure = fault };
            }

            lock (gate) finished?.Invoke(++done);
        }
    }
}

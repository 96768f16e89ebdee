using Scenarios.Figures.Svg;
using Scenarios.Model;
using Scenarios.Output;
using Scenarios.Platforms;
using Scenarios.Results;
using Scenarios.Running;
using Sim.Core;
using Sim.Pcie.Links;

namespace Scenarios.Tests.Shipped;

/// <summary>Runs scripts on the simulation itself. Every machine of every run here is held against what must hold of any machine.</summary>
internal static class Simulated
{
    private static readonly Dictionary<string, ScenarioResult> Results = [];

    /// <summary>Names of the shipped scripts.</summary>
    public static IEnumerable<string> Names =>
        Directory.EnumerateFiles(Scripts.Shipped, "*.yaml").Select(f => Path.GetFileNameWithoutExtension(f)!).Order(StringComparer.Ordinal);

    public static string PathOf(string name) => Path.Combine(Scripts.Shipped, name + ".yaml");

    /// <summary>The result of a shipped script; each is run once.</summary>
    public static ScenarioResult Shipped(string name)
    {
        if (!Results.TryGetValue(name, out var result)) Results.Add(name, result = Run(ScriptReader.ReadFile(PathOf(name))));
        return result;
    }

    /// <summary>The files that a run leaves, as texts.</summary>
    public static Dictionary<string, string> Files(ScenarioResult result) =>
        RunFiles.Of(result, new SvgRenderer()).ToDictionary(f => f.Key, f => f.Value.ToString());

    /// <summary>One variant of a shipped script.</summary>
    public static JudgedVariant Shipped(string name, string variant) => Of(Shipped(name), variant);

    /// <summary>One variant of a shipped script in which a text was replaced, judged by the script's own expectations.</summary>
    public static ScenarioResult Edited(string name, string variant, string old, string fresh)
    {
        var text = File.ReadAllText(PathOf(name));
        Assert.That(text.Split(old), Has.Length.EqualTo(2), $"{name} contains '{old}' once");
        var file = ScriptReader.Read(PathOf(name), text.Replace(old, fresh));
        return Run(file with { Variants = [.. file.Variants.Where(v => v.Variant.Name == variant)] });
    }

    public static ScenarioResult Run(ScriptFile file, bool trace = true, EventQueueKind queue = EventQueueKind.Wheel) =>
        new ScenarioRunner(new Observed(new SimulatedVariants(CheckMachine, trace, queue)), Environment.ProcessorCount)
            .Run(file, CancellationToken.None);

    /// <summary>Every link of every machine is watched: what is lost, doubled or reordered against Table 2-42 fails the variant.</summary>
    private sealed class Observed(IVariantRunner variants) : IVariantRunner
    {
        public VariantResult Run(ResolvedScript script, CancellationToken cancellation)
        {
            var observers = new List<FabricObserver>();
            Link.Connected = link => observers.Add(new FabricObserver(link.Upper.Sim, [link]));
            try
            {
                var result = variants.Run(script, cancellation);
                var violations = observers.SelectMany(o => o.Violations).ToList();
                return violations.Count == 0 ? result : throw new InvalidOperationException(string.Join('\n', violations));
            }
            finally
            {
                Link.Connected = null;
            }
        }
    }

    public static JudgedVariant Of(ScenarioResult result, string variant) =>
        result.Variants.SingleOrDefault(v => v.Result.Variant.Name == variant)
        ?? throw new ArgumentException($"{result.File.Name} has no variant '{variant}'");

    /// <summary>When nothing is under way any more, every credit is back and every TLP body was consumed by somebody.</summary>
    private static void CheckMachine(Machine machine)
    {
        if (machine.Devices.Any(d => d.Device.HeldTlps > 0)) return; // a device that holds TLPs for good is not done with them
        foreach (var link in machine.Links)
        {
            foreach (var direction in new[] { link.Downstream, link.Upstream })
            {
                if (!direction.CreditsWhole || direction.UndeliveredTlps > 0)
                    throw new InvalidOperationException($"{direction.From.Name} -> {direction.To.Name}: credits or TLPs are missing");
            }
        }

        var lost = machine.Links[0].Upper.Bodies.Rented;
        if (lost != 0) throw new InvalidOperationException($"{lost} TLP bodies were never returned");
    }
}

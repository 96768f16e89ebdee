using Scenarios.Language;
using Scenarios.Platforms;

namespace Scenarios.Model;

/// <summary>A real machine named on the command line.</summary>
/// <param name="Seat">Where on it.</param>
/// <param name="Host">The host setup; null to leave what the script says of its platform.</param>
internal sealed record MachineChoice(Seat Seat, string? Host);

/// <summary>Reads a script file into its variants, or throws a <see cref="ScriptException"/> with every error found.</summary>
public static class ScriptReader
{
    private const long MostVariants = 100_000;
    private static readonly string[] HostKeys = ["topology", "registers", "platform", "iommu", "kernel"];
    private static readonly string[] SharedKeys = ["title", "about", "question", "matrix", "expect"];

    public static ScriptFile ReadFile(string path, ulong? seed = null) => Read(path, YamlReader.ReadFile(path), seed);

    /// <summary>Reads a script as it runs on a real machine, in place of the one it may name itself.</summary>
    /// <param name="path">The script.</param>
    /// <param name="seat">Where on the machine.</param>
    /// <param name="host">Name of the host setup in place of what the script says of its platform; null to leave that.</param>
    /// <param name="seed">Seed in place of the script's.</param>
    internal static ScriptFile ReadFile(string path, Seat seat, string? host, ulong? seed = null) =>
        Read(path, YamlReader.ReadFile(path), seed, new MachineChoice(seat, host));

    /// <summary>Reads a script with other things happening than it says: the rest of it stays.</summary>
    /// <param name="path">The script.</param>
    /// <param name="timeline">What happens.</param>
    internal static ScriptFile ReadFile(string path, SequenceNode timeline) =>
        Read(path, WithTimeline(YamlReader.ReadFile(path), timeline));

    public static ScriptFile Read(string file, string text, ulong? seed = null) => Read(file, YamlReader.Read(file, text), seed);

    internal static ScriptFile Read(string file, MappingNode root, ulong? seed = null, MachineChoice? machine = null)
    {
        var errors = new ErrorList();
        var (axesOfPlatform, setsPlatform) = (PlatformKeys.Axes(root), PlatformKeys.SetBy(root));
        if (machine is not null) root = root.Without("machine");
        if (machine?.Host is { } replaced) root = PlatformKeys.ReplacedBy(replaced, root);
        var seats = new Dictionary<(string, string?), Seat>();
        var axes = Axes(root, errors);
        errors.ThrowIfAny();
        var variants = new List<ResolvedScript>();
        foreach (var combination in Combinations(axes))
        {
            var tree = combination.Aggregate(root, (below, value) => below.MergedWith(value.Override));
            var host = machine is null ? HostSetups.NamedBy(tree, errors) : machine.Host;
            if (Bind(tree, host, errors) is not { } script) continue;
            var variant = new Variant([.. combination.Select(c => (c.Axis, c.Name))]);
            variants.Add(new ResolvedScript(variant, script, seed ?? (ulong)script.Seed)
            {
                Platform = machine?.Seat ?? (errors.Any ? null : SeatOf(file, script.Machine, seats)),
                Host = host is null ? null : HostSetups.Find(host),
                Destination = script.Destination is { } there ? Bind(Destination(tree, there, errors), host, errors) : null,
            });
        }
        errors.ThrowIfAny(); // What cannot be read is not checked: one mistake, one line.
        var folder = Path.GetDirectoryName(file) ?? "";
        foreach (var variant in variants) ScriptChecks.Check(variant.Script, folder, errors);
        if (!errors.Any) foreach (var variant in variants.Where(v => v.Destination is not null)) Check(variant, folder, errors);
        ExpectationChecks.Check(variants, errors, machine?.Host is null ? [] : axesOfPlatform);
        errors.ThrowIfAny();
        return new ScriptFile(file, variants)
        {
            ElsewhereAxes = machine is null ? [] : axesOfPlatform,
            IsElsewhere = machine is not null && setsPlatform,
        };
    }

    // Nothing is expected of what its author did not think of; and an axis that is no timeline's stays.
    private static MappingNode WithTimeline(MappingNode root, SequenceNode timeline)
    {
        var at = timeline.Position;
        MappingNode Entry(string key, ScriptNode value) => new(at, [new(new ScalarNode(at, key), value)]);
        var expected = new SequenceNode(at, [Entry("no_dmesg", new ScalarNode(at, "no line that any kernel writes"))]);
        return root.Without("timeline").Without("expect").MergedWith(Entry("timeline", timeline)).MergedWith(Entry("expect", expected));
    }

    private static Script? Bind(MappingNode tree, string? host, ErrorList errors)
    {
        tree = Presets.Kernels.Under(tree, errors);
        tree = host is null ? Presets.Platforms.Under(tree, errors) : HostSetups.Under(tree, host);
        return new ScriptBinder(errors).Bind<Script>(tree);
    }

    /// <summary>The script with what it says of its destination laid over it.</summary>
    private static MappingNode Destination(MappingNode tree, MappingNode there, ErrorList errors)
    {
        foreach (var key in there.Entries.Select(e => e.Key).Where(k => !HostKeys.Contains(k.Text)))
            errors.Add(key.Position, $"'{key.Text}' cannot differ at the destination{NearestWord.Hint(key.Text, HostKeys)}; "
                + $"expected one of {Words.Listed(HostKeys)}");
        return tree.Without("destination").MergedWith(there);
    }

    /// <summary>A destination can be built, and has the devices that come with the guest.</summary>
    private static void Check(ResolvedScript variant, string folder, ErrorList errors)
    {
        var (here, there) = (variant.Script, variant.Destination!);
        ScriptChecks.Check(there, folder, errors);
        foreach (var device in there.Topology.Devices.Items)
        {
            if (here.Topology.Devices.Find(device.Name) is { } same && same.Value.Model != device.Value.Model)
                errors.Add(device.Value.PositionOf("model"), $"'{device.Name}' is {same.Value.Model.Word()} at the source; "
                    + "expected the same model at the destination");
        }
    }

    /// <summary>A script finds its machine from its own folder.</summary>
    private static Seat? SeatOf(string script, MachineItem? machine, Dictionary<(string, string?), Seat> read)
    {
        if (machine is null) return null;
        var path = Path.Combine(Path.GetDirectoryName(script) ?? "", machine.File);
        if (!read.TryGetValue((path, machine.Port), out var seat)) read.Add((path, machine.Port), seat = Seat.Read(path, machine.Port));
        return seat;
    }

    private static Named<Named<MappingNode>> Axes(MappingNode root, ErrorList errors)
    {
        if (root.Find("matrix") is not { } node) return Named<Named<MappingNode>>.Empty;
        var axes = new ScriptBinder(errors).BindValue<Named<Named<MappingNode>>>(node, "'matrix'") ?? Named<Named<MappingNode>>.Empty;
        var count = 1L;
        foreach (var axis in axes.Items)
        {
            if (axis.Value.Items.Count == 0) errors.Add(axis.Position, $"axis '{axis.Name}' has no values; expected at least one");
            count = Math.Min(MostVariants + 1, count * axis.Value.Items.Count);
            foreach (var value in axis.Value.Items)
                foreach (var key in value.Value.Entries.Select(e => e.Key).Where(k => SharedKeys.Contains(k.Text)))
                    errors.Add(key.Position, $"'{key.Text}' cannot change from variant to variant; expected any other key of the script");
        }
        if (count > MostVariants) errors.Add(node.Position, $"the matrix has too many combinations; expected at most {MostVariants}");
        return axes;
    }

    private static IEnumerable<IReadOnlyList<(string Axis, string Name, MappingNode Override)>> Combinations(Named<Named<MappingNode>> axes)
    {
        IEnumerable<IReadOnlyList<(string, string, MappingNode)>> all = [[]];
        foreach (var axis in axes.Items)
            all = [.. all.SelectMany(before => axis.Value.Items.Select(value =>
                (IReadOnlyList<(string, string, MappingNode)>)[.. before, (axis.Name, value.Name, value.Value)]))];
        return all;
    }
}

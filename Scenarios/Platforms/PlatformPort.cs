using Scenarios.Results;
using Sim.Core;
using Sim.Pcie.Config;
using Sim.Pcie.Topology;
using Sim.Vfio.Kernel;
using Topology = Scenarios.Model.Topology;

namespace Scenarios.Platforms;

/// <summary>A dumped Root Port at work in one machine: in whose place it stands, and which register values are still the dump's.</summary>
internal sealed class PlatformPort(DumpedPort dump, string name)
{
    private static readonly Lazy<ConfigSpace> Ordinary =
        new(() => new RootComplex(new Simulator()).AddRootPort("ordinary").Function.Config);

    private readonly HashSet<(string Register, string Field)> _fromDump = [];
    private readonly List<DecidingField> _absent = [];

    public DumpedPort Dump => dump;

    /// <summary>The script's Root Port that it replaces.</summary>
    public string Name => name;

    /// <summary>Fields that the script sets to something and that this port, as the dump shows it, does not have.</summary>
    public IReadOnlyList<DecidingField> Absent => _absent;

    private string Origin => $"the dump's {dump.Function.Id}";

    /// <summary>The Root Port above the script's first device.</summary>
    public static string NameIn(Topology topology)
    {
        var at = topology.Devices.Items[0].Value.At.Name;
        while (topology.RootPorts.Find(at) is null) at = topology.Switches.Find(at.Split('.')[0])!.Value.At.Name;
        return at;
    }

    public EnumerationPolicy Policy()
    {
        var usual = new EnumerationPolicy();
        return usual with
        {
            MaxPayloadSize = dump.MaxPayloadSize ?? usual.MaxPayloadSize,
            MaxReadRequestSize = dump.MaxReadRequestSize ?? usual.MaxReadRequestSize,
        };
    }

    /// <summary>Writes what the dump decides, as software: by configuration requests, after the host's own error services.</summary>
    public async Task ApplyAsync(PciFunction port, ConfigSpace config)
    {
        foreach (var register in dump.Registers.Where(r => r.Use == RegisterUse.Written))
        {
            foreach (var (spec, field) in config.Fields().Where(f => f.Register.Name == register.Name).ToList())
            {
                if ((field.Mask & ~register.Mask) != 0) continue;
                await port.UpdateAsync(spec.Offset, spec.Bytes, field.Mask, register.Value & field.Mask);
                _fromDump.Add((spec.Name, field.Name));
            }
        }
    }

    /// <summary>The script sets a field after the dump: from now on it is the script's.</summary>
    public void Overridden(string path) => _fromDump.RemoveWhere(f => $"{f.Register}.{f.Field}" == path);

    /// <summary>Whether Root Ports have the field but this one does not; the script's value then has nowhere to go.</summary>
    public bool Lacks(string path, ulong value)
    {
        var field = Ordinary.Value.Fields().FirstOrDefault(f => $"{f.Register.Name}.{f.Field.Name}" == path);
        if (field.Register is null) return false;
        if (value != 0)
        {
            var effect = $"is not there; the script sets {value}";
            _absent.Add(new DecidingField(name, field.Register.Name, field.Field.Name, 0, effect) { From = Origin });
        }

        return true;
    }

    /// <summary>Where a register value comes from; null if not from the dump.</summary>
    public string? OriginOf(RegisterBit bit) => bit.Function == name && _fromDump.Contains((bit.Register, bit.Field)) ? Origin : null;
}

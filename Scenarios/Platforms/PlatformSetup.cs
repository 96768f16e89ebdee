using Scenarios.Language;
using Scenarios.Model;
using Scenarios.Results;
using Sim.Core;
using Sim.Pcie.Config;
using Sim.Pcie.Topology;
using Sim.Vfio.Kernel;
using Topology = Scenarios.Model.Topology;

namespace Scenarios.Platforms;

/// <summary>
/// A dumped machine at work: which simulated Function stands for which dumped one, what is written to it, and whose each register value is.
/// </summary>
internal sealed class PlatformSetup
{
    private static readonly Lazy<ConfigSpace> Ordinary =
        new(() => new RootComplex(new Simulator()).AddRootPort("ordinary").Function.Config);

    private readonly Seat _seat;
    private readonly HostSetup? _host;
    private readonly List<(Function Function, DumpedPart Part)> _parts = [];
    private readonly Dictionary<(string Function, string Path), (string Words, bool IsFound)> _origins = [];
    private readonly List<(DecidingField Field, ulong Wanted)> _absent = [];

    /// <param name="seat">Where on the machine.</param>
    /// <param name="host">What its host software sets; null for what the script says.</param>
    /// <param name="topology">The script's: its first device takes the seat.</param>
    public PlatformSetup(Seat seat, HostSetup? host, Topology topology)
    {
        (_seat, _host) = (seat, host);
        (RootPortName, DeviceName) = NamesIn(topology);
    }

    public Seat Seat => _seat;

    /// <summary>The script's Root Port that stands for the machine's.</summary>
    public string RootPortName { get; }

    /// <summary>The script's device that takes the seat.</summary>
    public string DeviceName { get; }

    /// <summary>Whether the machine's errors were found to be firmware's, and nothing changes that.</summary>
    public bool IsFirmwares => _host?.Keeps == Keeps.Everything && _seat.RootPort is { SignalsFirmware: true };

    /// <summary>The script's first device and the Root Port above it.</summary>
    public static (string RootPort, string Device) NamesIn(Topology topology)
    {
        var device = topology.Devices.Items[0];
        var at = device.Value.At.Name;
        while (topology.RootPorts.Find(at) is null) at = topology.Switches.Find(at.Split('.')[0])!.Value.At.Name;
        return (at, device.Name);
    }

    /// <summary>A simulated Function stands for a dumped one.</summary>
    public void Stand(Function function, DumpedPart? part)
    {
        if (part is not null) _parts.Add((function, part));
    }

    public EnumerationPolicy Policy()
    {
        var usual = new EnumerationPolicy();
        return usual with
        {
            MaxPayloadSize = _seat.MaxPayloadSize ?? usual.MaxPayloadSize,
            MaxReadRequestSize = _seat.MaxReadRequestSize ?? usual.MaxReadRequestSize,
        };
    }

    /// <summary>Writes what the dump decides, as software: by configuration requests, after the host's own error services.</summary>
    public async Task ApplyAsync(HostKernel kernel)
    {
        foreach (var (function, part) in _parts)
        {
            foreach (var register in part.Registers)
            {
                var kept = register.Kept(_host);
                foreach (var (spec, field) in function.Config.Fields().Where(f => f.Register.Name == register.Name).ToList())
                {
                    if ((field.Mask & kept) != field.Mask) continue;
                    await kernel[function.Id].UpdateAsync(spec.Offset, spec.Bytes, field.Mask, register.Value & field.Mask);
                    _origins[(function.Name, $"{spec.Name}.{field.Name}")] = (OriginAt(part), true);
                }
            }
        }
    }

    /// <summary>A field is set after the dump: from now on it is the host's, or the script's.</summary>
    public void Overridden(string function, string path, SourcePosition by)
    {
        if (by.File == HostSetups.File && _host is not null) _origins[(function, path)] = (_host.Name, false);
        else _origins.Remove((function, path));
    }

    /// <summary>Whether Root Ports have the field but the machine's does not; the script's value then has nowhere to go.</summary>
    public bool Lacks(string function, string path, ulong value)
    {
        if (_parts.Find(p => p.Part == _seat.RootPort && p.Function.Name == function).Part is not { } part) return false;
        var field = Ordinary.Value.Fields().FirstOrDefault(f => $"{f.Register.Name}.{f.Field.Name}" == path);
        if (field.Register is null) return false;
        if (value != 0)
        {
            var effect = $"is not there; it would be set to {value}";
            var absent = new DecidingField(function, field.Register.Name, field.Field.Name, 0, effect)
            {
                From = OriginAt(part),
                IsAbsent = true,
            };
            _absent.Add((absent, value));
        }

        return true;
    }

    /// <summary>Where a register value comes from: the dump, or a host setup; null if it is the simulator's or the script's.</summary>
    public string? OriginOf(RegisterBit bit) => _origins.GetValueOrDefault((bit.Function, $"{bit.Register}.{bit.Field}")).Words;

    /// <summary>Whether a register has the value that was found in the dump.</summary>
    public bool IsFound(RegisterBit bit) => _origins.GetValueOrDefault((bit.Function, $"{bit.Register}.{bit.Field}")).IsFound;

    /// <summary>Fields that would be set to something and that the Root Port, as the dump shows it, does not have.</summary>
    /// <param name="fatal">Whether there was a fatal error: DPC may be armed for those alone.</param>
    public IEnumerable<DecidingField> Absent(bool fatal) => _absent
        .Where(a => fatal || a.Wanted > 1 || a.Field.Register != "DPC Control")
        .Select(a => a.Field);

    private static string OriginAt(DumpedPart part) => $"the dump's {part.Function.Id}";
}

using Scenarios.Model;
using Sim.Core;
using Sim.Pcie.Endpoints;

namespace Scenarios.Platforms;

/// <summary>A device of a machine: its hardware and what a script's words mean on it.</summary>
internal sealed class DeviceUnit
{
    public DeviceUnit(Simulator sim, string name, DeviceItem item)
    {
        Name = name;
        Item = item;
        Personality = item.Model switch
        {
            DeviceModel.Mlx5 => new Mlx5Personality(),
            DeviceModel.Traffic => new TrafficPersonality(),
            _ => new DmaQueuePersonality(),
        };
        Device = Personality.Build(sim, name, item);
        Pf = Device.Functions.Single(f => !f.IsVirtual);
        Vfs = [.. Device.Functions.Where(f => f.IsVirtual).OrderBy(f => f.VfIndex)];
    }

    public string Name { get; }

    public DeviceItem Item { get; }

    public IDevicePersonality Personality { get; }

    public PcieDevice Device { get; }

    public EndpointFunction Pf { get; }

    public IReadOnlyList<EndpointFunction> Vfs { get; }

    public EndpointFunction Function(int? vf) => vf is { } index ? Vfs[index] : Pf;
}

using Sim.Core;
using Sim.Mlx5.Spec;
using Sim.Pcie.Config;
using Sim.Pcie.Endpoints;

namespace Sim.Mlx5.Device;

/// <summary>The PF of an mlx5 adapter: besides what every function does, its commands reach its VFs.</summary>
public sealed class Mlx5PhysicalFunction : Mlx5Function
{
    /// <summary>Makes the function.</summary>
    /// <param name="sim">Simulator.</param>
    /// <param name="name">Component path.</param>
    /// <param name="layout">Configuration space, for example <see cref="Mlx5Templates.PhysicalFunction"/>.</param>
    /// <param name="options">Costs and policies.</param>
    public Mlx5PhysicalFunction(Simulator sim, string name, EndpointConfig layout, Mlx5Options? options = null)
        : base(sim, name, layout, options ?? new Mlx5Options(), BarLayout.PhysicalFunctionVectors, BarLayout.PhysicalFunctionSize)
    {
    }

    internal PageTrackers Trackers { get; } = new();

    /// <inheritdoc/>
    protected override void OnReset(ResetKind kind)
    {
        base.OnReset(kind);
        Trackers.Reset();
        foreach (var function in Device.Functions)
        {
            if (function is Mlx5VirtualFunction vf && vf.PhysicalFunction == this) vf.SetEnabled(false);
        }
    }

    /// <summary>The VF with a function_id: 1 is VF 0.</summary>
    internal Mlx5VirtualFunction? VirtualFunctionOf(uint functionId) => Find(functionId, static (vf, id) => vf.VfIndex + 1 == id);

    internal Mlx5VirtualFunction? VirtualFunctionById(uint vhcaId) => Find(vhcaId, static (vf, id) => vf.VhcaId == id);

    private Mlx5VirtualFunction? Find(uint id, Func<Mlx5VirtualFunction, uint, bool> matches)
    {
        foreach (var function in Device.Functions)
        {
            if (function is Mlx5VirtualFunction { IsPresent: true } vf && vf.PhysicalFunction == this && matches(vf, id)) return vf;
        }

        return null;
    }
}

using Sim.Core;
using Sim.Pcie.Topology;
using static Sim.Vfio.Kernel.PciRegisters;

namespace Sim.Vfio.Kernel;

/// <summary>What a host runs on one port: the port services behind its interrupt, and on a Root Port whoever takes its system
/// errors.</summary>
internal sealed class PortServices
{
    private readonly HostKernel _kernel;
    private readonly PciFunction _port;
    private readonly AerService? _aer;
    private readonly DpcService? _dpc;
    private bool _handling;
    private bool _again;

    private PortServices(HostKernel kernel, PciFunction port, bool isRoot)
    {
        (_kernel, _port) = (kernel, port);
        if (isRoot && kernel.Policy.Owner == ErrorOwner.Native && port.Aer != 0) _aer = new(kernel, port);
        if (kernel.Policy.Dpc != DpcTrigger.Off && port.Dpc != 0) _dpc = new(kernel, port);
    }

    public static async Task StartAsync(HostKernel kernel, RootPort hardware, PciFunction port)
    {
        var services = new PortServices(kernel, port, isRoot: true);
        hardware.SystemErrors.Subscribe((SimTime _, in Sim.Pcie.Errors.ErrorMessage _) => services.OnSystemError());
        if (port.Msi != 0) await services.EnableInterruptAsync();
        if (services._aer is { } aer) await aer.StartAsync();
        if (services._dpc is { } dpc) await dpc.StartAsync();
        // Native AER turns the system errors off; any other owner lives by them.
        if (port.Express != 0)
        {
            var systemErrors = kernel.Policy.Owner == ErrorOwner.Native ? 0 : (uint)kernel.Policy.SystemErrors & AllErrors;
            await port.UpdateAsync(port.Express + RootControl, 2, AllErrors, systemErrors);
        }
    }

    /// <summary>A Switch Downstream Port: containment is all that it has a service for.</summary>
    public static async Task StartAsync(HostKernel kernel, PciFunction port)
    {
        var services = new PortServices(kernel, port, isRoot: false);
        if (services._dpc is not { } dpc || port.Msi == 0) return;
        await services.EnableInterruptAsync();
        await dpc.StartAsync();
    }

    private async Task EnableInterruptAsync()
    {
        // A Root Port's interrupt is the Root Complex's own affair; any other crosses the IOMMU.
        var name = $"pcieport {_port.Id}";
        var target = _port.Parent is null
            ? _kernel.Root.Interrupts.Allocate(name, OnInterrupt)
            : _kernel.AllocateInterrupt(_port.Id, name, OnInterrupt);
        var wide = (await _port.ReadAsync(_port.Msi + MsiControl, 2) & Msi64) != 0;
        await _port.WriteAsync(_port.Msi + MsiAddress, 4, (uint)target.Address);
        if (wide) await _port.WriteAsync(_port.Msi + MsiAddress + 4, 4, (uint)(target.Address >> 32));
        await _port.WriteAsync(_port.Msi + MsiAddress + (wide ? 8 : 4), 2, target.Data);
        await _port.UpdateAsync(_port.Msi + MsiControl, 2, 0, MsiEnable);
    }

    /// <summary>One vector serves all port services: each looks into its own registers.</summary>
    private void OnInterrupt()
    {
        if (_kernel.Outcome.IsPanicked) return;
        _again = true;
        if (_handling) return;
        _handling = true;
        _kernel.Sim.Start($"irq of {_port}", async () =>
        {
            while (_again)
            {
                _again = false;
                if (_dpc is not null) await _dpc.HandleAsync();
                if (_aer is not null) await _aer.HandleAsync();
            }

            _handling = false;
        });
    }

    private void OnSystemError()
    {
        if (_kernel.Outcome.IsPanicked) return;
        _kernel.Outcome.Record(HostEventKind.SystemError, _port.Id, [_port], $"system error at {_port.Id}");
        switch (_kernel.Policy.Owner)
        {
            case ErrorOwner.FirmwareFirst:
                _kernel.Sim.Start($"firmware for {_port.Id}", () => FirmwareHandler.RunAsync(_kernel, _port));
                break;
            default:
                SerrNmi.Handle(_kernel, _port);
                break;
        }
    }
}

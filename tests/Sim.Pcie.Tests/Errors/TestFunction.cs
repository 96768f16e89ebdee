using Sim.Core;
using Sim.Pcie.Capabilities;
using Sim.Pcie.Config;
using Sim.Pcie.Errors;
using Sim.Pcie.Spec;

namespace Sim.Pcie.Tests.Errors;

/// <summary>A Function on a bench: registers, its reporter and the Messages it sent.</summary>
internal sealed class TestFunction : IErrorMessageSink
{
    public const int ExpressOffset = 0x60;
    public const int AerOffset = 0x100;

    public TestFunction(
        ErrorTrace trace, string name, AerOptions? aer, TestFunction? physical = null, VfErrorPolicy policy = VfErrorPolicy.Specification,
        bool roleBased = true)
    {
        Config = new(name);
        var identity = new FunctionIdentity(0x15B3, 0x1017, 0x020000);
        if (physical is null)
        {
            Type0Header.Add(Config, identity);
            Express = PciExpressCapability.Add(Config, ExpressOffset, new(PciePortType.Endpoint) { RoleBasedErrorReporting = roleBased });
        }
        else
        {
            Type0Header.AddVirtual(Config, identity);
            Express = PciExpressCapability.AddVirtual(Config, ExpressOffset, physical.Express);
        }
        Aer = aer is null ? null : AerCapability.Add(Config, AerOffset, aer);
        RoutingId = RoutingId.Parse(physical is null ? "01:00.0" : "01:00.2");
        Reporter = new(trace, Config, Express, Aer, this) { PhysicalFunction = physical?.Reporter, VfPolicy = policy };
    }

    public static TlpHeader Write { get; } = new(0x6000_0001, 0x0000_000F, 0x20, 0x0010_0000);

    public static TlpHeader Read { get; } = new(0x0000_0001, 0x0000_010F, 0xFE00_0000);

    public ConfigSpace Config { get; }

    public PciExpressCapability Express { get; }

    public AerCapability? Aer { get; }

    public ErrorReporter Reporter { get; }

    public RoutingId RoutingId { get; }

    public List<ErrorMessage> Sent { get; } = [];

    public uint DeviceStatus => Config.Read(Express.DeviceStatus, 2);

    public void SendErrorMessage(in ErrorMessage message) => Sent.Add(message);

    public static ErrorTrace NewTrace() => new(new Simulator());
}

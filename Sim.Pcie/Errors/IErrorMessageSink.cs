using Sim.Pcie.Spec;

namespace Sim.Pcie.Errors;

/// <summary>Where a Function's error Messages go: its port towards the Root Complex, or, in a Root Port, its own root registers.</summary>
public interface IErrorMessageSink
{
    /// <summary>The Function's own Routing ID, as captured.</summary>
    RoutingId RoutingId { get; }

    /// <summary>Sends the Message.</summary>
    void SendErrorMessage(in ErrorMessage message);
}

using Scenarios.Model;
using Scenarios.Results;

namespace Scenarios.Running;

/// <summary>Stands where the platform builder goes.</summary>
internal sealed class UnwiredRunner : IVariantRunner
{
    public VariantResult Run(ResolvedScript script, CancellationToken cancellation) =>
        throw new NotSupportedException("no platform can be built yet");
}

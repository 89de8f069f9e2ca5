"""What storage costs, and how queries scale."""

from orbital_kernel.storage.cost.cost import (
    Bill,
    Prices,
    Use,
    bills,
    future_cost,
    prices,
    query_cost,
    storage_month,
    what_if,
)
from orbital_kernel.storage.cost.query_model import (
    ROW_GROUP,
    Measured,
    Model,
    calibrated,
    unpruned,
)
from orbital_kernel.storage.cost.question_model import (
    Asked,
    Predicted,
    fitted_to,
    predicted_largest,
    question_model,
    read_asked,
)
from orbital_kernel.storage.cost.scale import (
    Cluster,
    Prediction,
    predict_on_cluster,
    predict_on_this_machine,
    sensitivity,
    table_of,
)

__all__ = [
    "ROW_GROUP",
    "Asked",
    "Bill",
    "Cluster",
    "Measured",
    "Model",
    "Predicted",
    "Prediction",
    "Prices",
    "Use",
    "bills",
    "calibrated",
    "fitted_to",
    "future_cost",
    "predict_on_cluster",
    "predict_on_this_machine",
    "predicted_largest",
    "prices",
    "query_cost",
    "question_model",
    "read_asked",
    "sensitivity",
    "storage_month",
    "table_of",
    "unpruned",
    "what_if",
]
